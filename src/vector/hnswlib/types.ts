/** The types that hnswlib-node declares. */

/** l2: sum((x_i - y_i)^2). ip: 1 - sum(x_i * y_i). cosine: 1 - sum(x_i * y_i) / (norm(x) * norm(y)). */
export type SpaceName = 'l2' | 'ip' | 'cosine';

/** What a search found, nearest first. */
export interface SearchResult {
  /** Distances of the points found. */
  distances: number[];
  /** Their labels. */
  neighbors: number[];
}

/** Whether the point of a label may be found. */
export type FilterFunction = (label: number) => boolean;

/** Named arguments of HierarchicalNSW.initIndex. */
export interface InitIndexOptions {
  maxElements: number;
  m?: number;
  efConstruction?: number;
  randomSeed?: number;
  allowReplaceDeleted?: boolean;
}
