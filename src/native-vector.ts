/** Types of what the addon exports for `kairank/vector`. */

import type { NativeJob, NativeProgress } from './native.js';

export type Metric = 'dot' | 'cosine' | 'l2';
export type Storage = 'f32' | 'bf16' | 'int8';
export type Codes = 'int4' | 'int8';
export type SearchPath = 'auto' | 'exact' | 'graph';

export interface NativeIndexOptions {
  dim: number;
  metric: Metric;
  storage: Storage;
  codes: Codes | 'auto';
  graph: boolean;
  m: number;
  efConstruction: number;
  seed: number;
  /** Whether ids are strings; they are numbers otherwise. */
  strings: boolean;
  /** Searches that may wait; more are refused with KAIRANK_OVERLOADED. */
  queueLimit: number;
}

/** Strings or finite numbers, as the index has its ids. */
export type NativeIds = readonly string[] | Float64Array;

/** All results of all queries, one query after another, each best first. */
export interface NativeHits {
  ids: string[] | Float64Array;
  scores: Float32Array;
  /** Results of each query. */
  counts: Uint32Array;
  /** The ef of each query's walk; 0 where it was searched exactly. */
  efs: Uint32Array;
}

/** A live set of ids of one index. */
export interface NativeSelection {
  size(): number;
  /** Lets go of it: searches with it throw KAIRANK_CLOSED from now on. */
  close(): void;
}

export interface NativeFigures extends Omit<NativeIndexOptions, 'codes' | 'queueLimit'> {
  codes: Codes;
  items: number;
  /** Places taken, `reusable` ones among them. */
  rows: number;
  reusable: number;
  bytes: number;
}

/** What every search is asked with: `efSearch` 0 is none, `recall` 0 is none, `threads` 0 is every core, `deadline` 0 is none. */
export type NativeSearchArguments = [
  k: number,
  path: SearchPath,
  efSearch: number,
  recall: number,
  selection: NativeSelection | null,
  threads: number,
  deadline: number,
];

/** A handle on an index of vectors. Input is copied before a call returns. Writes happen in the order of their calls. */
export interface NativeIndex {
  /** vectors: n x dim. `deadline` in milliseconds from the call, 0 for none; `threads` 0 is every core. */
  put(
    ids: NativeIds,
    vectors: Float32Array,
    threads: number,
    deadline: number,
    onProgress: ((progress: NativeProgress) => void) | undefined,
  ): NativeJob<{ added: number; replaced: number }>;
  /** On this thread; before writes that wait, and after the one that is going on. */
  putSync(ids: NativeIds, vectors: Float32Array, threads: number): { added: number; replaced: number };
  remove(ids: NativeIds): NativeJob<number>;
  removeSync(ids: NativeIds): number;
  has(id: string | number): boolean;
  /** The vector as it is kept; null for an id that is not there. */
  get(id: string | number): Float32Array | null;
  /** queries: n x dim. */
  search(queries: Float32Array, ...options: NativeSearchArguments): NativeJob<NativeHits>;
  searchSync(queries: Float32Array, ...options: NativeSearchArguments): NativeHits;
  select(ids: NativeIds): NativeSelection;
  /** Recall of the 10 best by ef; empty for an index without a graph or without rows. */
  calibrate(): NativeJob<{ efSearch: number; recall: number }[]>;
  /** Writes the index to a file; what was written to the index before the call is in it. */
  save(path: string): NativeJob<void>;
  figures(): NativeFigures;
  /** Everything throws KAIRANK_CLOSED from now on; calls in flight finish. */
  close(): void;
}
