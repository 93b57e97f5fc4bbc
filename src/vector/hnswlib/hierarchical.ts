/** HierarchicalNSW of hnswlib-node: approximate search by a graph. */

import { native } from '../../native.js';
import type { NativeLabelledGraph } from '../../native-hnswlib.js';
import {
  arrayAt,
  atLeast,
  checkLength,
  checkNeighbours,
  exactly,
  floatsOf,
  initialised,
  numberAt,
  optionalBooleanAt,
  optionalFilterAt,
  spaceAndDimensions,
  stringAt,
} from './arguments.js';
import { graphOptions } from './init-options.js';
import { attempt, resultOf, settled, written, writtenSync } from './native-calls.js';
import type { FilterFunction, InitIndexOptions, SearchResult, SpaceName } from './types.js';

/** What `ef` is for a new index and for one that is read. */
const DEFAULT_EF = 10;

/**
 * Approximate nearest neighbours (Malkov and Yashunin 2016). Every error is a plain `Error` or `TypeError`.
 *
 * ```js
 * const index = new HierarchicalNSW('cosine', 3);
 * index.initIndex(1000);
 * index.addPoint([0, 1, 2], 7);
 * index.searchKnn([0, 1, 1], 1).neighbors; // [7]
 * ```
 */
export class HierarchicalNSW {
  readonly #space: SpaceName;
  readonly #dim: number;
  #graph: NativeLabelledGraph | undefined;
  #ef = DEFAULT_EF;

  /**
   * @param spaceName 'l2', 'ip' or 'cosine'
   * @param numDimensions dimensions of a point
   */
  constructor(spaceName: SpaceName, numDimensions: number);
  constructor(...args: unknown[]) {
    const { space, dim } = spaceAndDimensions(args);
    this.#space = space;
    this.#dim = dim;
  }

  #begin(graph: NativeLabelledGraph): void {
    this.#graph = graph;
    this.#ef = DEFAULT_EF;
  }

  /**
   * Begins anew, with room for `maxElements` points.
   * @param m links of a point (16); values below 2 count as 2, above 10,000 as 10,000
   * @param efConstruction candidates looked at for the links of a new point (200)
   * @param randomSeed seed of the levels (100): the same calls give the same graph
   * @param allowReplaceDeleted whether points may take the place of deleted ones (false)
   */
  initIndex(maxElements: number, m?: number, efConstruction?: number, randomSeed?: number, allowReplaceDeleted?: boolean): void;
  /** The same by name. */
  initIndex(options: InitIndexOptions): void;
  initIndex(...args: unknown[]): null {
    const { capacity, m, efConstruction, seed, reuseDeleted } = graphOptions(args);
    this.#begin(attempt(() => native().hnswlib.createGraph(this.#space, this.#dim, capacity, m, efConstruction, seed, reuseDeleted)));
    return null;
  }

  /**
   * Reads a file of hnswlib's HierarchicalNSW in place of what there is, which stays until then.
   * @param allowReplaceDeleted whether points may take the place of deleted ones (false)
   * @returns true
   * @throws Error, as a rejection, when the file cannot be read or is no such file
   */
  readIndex(filename: string, allowReplaceDeleted?: boolean): Promise<boolean>;
  readIndex(...args: unknown[]): Promise<boolean> {
    atLeast(args, 1, 2);
    return this.#read(stringAt(args, 0), optionalBooleanAt(args, 1));
  }

  async #read(path: string, reuse: boolean): Promise<boolean> {
    this.#begin(await settled(native().hnswlib.readGraph(this.#space, this.#dim, path, reuse)));
    return true;
  }

  /** As {@link readIndex}, in this turn. */
  readIndexSync(filename: string, allowReplaceDeleted?: boolean): void;
  readIndexSync(...args: unknown[]): null {
    atLeast(args, 1, 2);
    const path = stringAt(args, 0);
    const reuse = optionalBooleanAt(args, 1);
    this.#begin(attempt(() => native().hnswlib.readGraphSync(this.#space, this.#dim, path, reuse)));
    return null;
  }

  /**
   * Writes a file that hnswlib can read, with the points of this moment.
   * @returns true
   * @throws Error, as a rejection, when the file cannot be written
   */
  writeIndex(filename: string): Promise<boolean>;
  writeIndex(...args: unknown[]): Promise<boolean> {
    exactly(args, 1);
    return written(this.#graph, stringAt(args, 0));
  }

  /** As {@link writeIndex}, in this turn. */
  writeIndexSync(filename: string): void;
  writeIndexSync(...args: unknown[]): null {
    exactly(args, 1);
    return writtenSync(this.#graph, stringAt(args, 0));
  }

  /**
   * Changes the most points that the index may hold.
   * @throws Error when it holds more, deleted ones among them
   */
  resizeIndex(newMaxElements: number): void;
  resizeIndex(...args: unknown[]): null {
    exactly(args, 1);
    const capacity = numberAt(args, 0);
    const graph = initialised(this.#graph);
    attempt(() => graph.resize(capacity));
    return null;
  }

  /**
   * Adds a point, or replaces the one of this label (an unsigned 32-bit integer), also where it was deleted.
   * @param replaceDeleted whether a new point takes the place of a deleted one, if there is one (false)
   */
  addPoint(point: number[], label: number, replaceDeleted?: boolean): void;
  addPoint(...args: unknown[]): null {
    atLeast(args, 2, 3);
    const array = arrayAt(args, 0);
    const label = numberAt(args, 1);
    const reuse = optionalBooleanAt(args, 2);
    const graph = initialised(this.#graph);
    checkLength(array, this.#dim);
    const point = floatsOf(array, this.#dim);
    attempt(() => graph.add(point, label, reuse));
    return null;
  }

  /** Deletes the point of a label: it keeps its place and is found no more. */
  markDelete(label: number): void;
  markDelete(...args: unknown[]): null {
    exactly(args, 1);
    const label = numberAt(args, 0);
    const graph = initialised(this.#graph);
    attempt(() => graph.markDeleted(label));
    return null;
  }

  /** Brings a deleted point back. */
  unmarkDelete(label: number): void;
  unmarkDelete(...args: unknown[]): null {
    exactly(args, 1);
    const label = numberAt(args, 0);
    const graph = initialised(this.#graph);
    attempt(() => graph.unmarkDeleted(label));
    return null;
  }

  /**
   * The nearest points, nearest first, equal distances by label; exact where `ef` reaches the number of points.
   * @param numNeighbors how many; there are fewer where fewer are in the index or pass the filter
   * @param filter says which labels may be found; it must not change the index
   */
  searchKnn(queryPoint: number[], numNeighbors: number, filter?: FilterFunction): SearchResult;
  searchKnn(...args: unknown[]): SearchResult {
    atLeast(args, 2, 3);
    const array = arrayAt(args, 0);
    const k = numberAt(args, 1);
    const filter = optionalFilterAt(args, 2);
    const graph = initialised(this.#graph);
    checkLength(array, this.#dim);
    checkNeighbours(k, graph.capacity);
    return resultOf(graph.search(floatsOf(array, this.#dim), k, this.#ef, filter));
  }

  /** Every label, deleted ones too, in no order. */
  getIdsList(): number[] {
    return this.#graph ? Array.from(this.#graph.labels()) : [];
  }

  /** The point of a label, rounded to f32 (cosine: of length 1). */
  getPoint(label: number): number[];
  getPoint(...args: unknown[]): number[] {
    exactly(args, 1);
    const label = numberAt(args, 0);
    const graph = this.#graph;
    return graph ? Array.from(attempt(() => graph.point(label))) : [];
  }

  /** The most points that the index may hold; 0 before it is initialised. */
  getMaxElements(): number {
    return this.#graph?.capacity ?? 0;
  }

  /** The points in the index, deleted ones too; 0 before it is initialised. */
  getCurrentCount(): number {
    return this.#graph?.count ?? 0;
  }

  getNumDimensions(): number {
    return this.#dim;
  }

  /** How many candidates a search keeps (10 unless set). */
  getEf(): number {
    initialised(this.#graph);
    return this.#ef;
  }

  /** More find better and take longer. */
  setEf(ef: number): void;
  setEf(...args: unknown[]): null {
    exactly(args, 1);
    const value = numberAt(args, 0);
    initialised(this.#graph);
    this.#ef = value;
    return null;
  }
}
