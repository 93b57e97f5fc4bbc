/** BruteforceSearch of hnswlib-node: exact search. */

import { native } from '../../native.js';
import type { NativeLabelledRows } from '../../native-hnswlib.js';
import {
  arrayAt,
  atLeast,
  checkLength,
  checkNeighbours,
  exactly,
  floatsOf,
  initialised,
  numberAt,
  optionalFilterAt,
  spaceAndDimensions,
  stringAt,
} from './arguments.js';
import { attempt, resultOf, settled, written, writtenSync } from './native-calls.js';
import type { FilterFunction, SearchResult, SpaceName } from './types.js';

/**
 * Exact nearest neighbours. Every error is a plain `Error` or `TypeError`.
 *
 * ```js
 * const index = new BruteforceSearch('l2', 3);
 * index.initIndex(1000);
 * index.addPoint([0, 1, 2], 7);
 * index.searchKnn([0, 1, 1], 1); // { distances: [1], neighbors: [7] }
 * ```
 */
export class BruteforceSearch {
  readonly #space: SpaceName;
  readonly #dim: number;
  #rows: NativeLabelledRows | undefined;

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

  /** Begins anew, with room for `maxElements` points. */
  initIndex(maxElements: number): void;
  initIndex(...args: unknown[]): null {
    exactly(args, 1);
    const capacity = numberAt(args, 0);
    this.#rows = attempt(() => native().hnswlib.createRows(this.#space, this.#dim, capacity));
    return null;
  }

  /**
   * Reads a file of BruteforceSearch in place of what there is, which stays until then.
   * @returns true
   * @throws Error, as a rejection, when the file cannot be read or is no such file
   */
  readIndex(filename: string): Promise<boolean>;
  readIndex(...args: unknown[]): Promise<boolean> {
    exactly(args, 1);
    return this.#read(stringAt(args, 0));
  }

  async #read(path: string): Promise<boolean> {
    this.#rows = await settled(native().hnswlib.readRows(this.#space, this.#dim, path));
    return true;
  }

  /** As {@link readIndex}, in this turn. */
  readIndexSync(filename: string): void;
  readIndexSync(...args: unknown[]): null {
    exactly(args, 1);
    const path = stringAt(args, 0);
    this.#rows = attempt(() => native().hnswlib.readRowsSync(this.#space, this.#dim, path));
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
    return written(this.#rows, stringAt(args, 0));
  }

  /** As {@link writeIndex}, in this turn. */
  writeIndexSync(filename: string): void;
  writeIndexSync(...args: unknown[]): null {
    exactly(args, 1);
    return writtenSync(this.#rows, stringAt(args, 0));
  }

  /** Adds a point, or replaces the one of this label (an unsigned 32-bit integer). */
  addPoint(point: number[], label: number): void;
  addPoint(...args: unknown[]): null {
    exactly(args, 2);
    const array = arrayAt(args, 0);
    const label = numberAt(args, 1);
    const rows = initialised(this.#rows);
    checkLength(array, this.#dim);
    const point = floatsOf(array, this.#dim);
    attempt(() => rows.add(point, label));
    return null;
  }

  /** Removes the point of a label, if there is one. */
  removePoint(label: number): void;
  removePoint(...args: unknown[]): null {
    exactly(args, 1);
    const label = numberAt(args, 0);
    const rows = initialised(this.#rows);
    attempt(() => rows.remove(label));
    return null;
  }

  /**
   * The nearest points, nearest first, equal distances by label.
   * @param numNeighbors how many; there are fewer where fewer are in the index or pass the filter
   * @param filter says which labels may be found; it must not change the index
   */
  searchKnn(queryPoint: number[], numNeighbors: number, filter?: FilterFunction): SearchResult;
  searchKnn(...args: unknown[]): SearchResult {
    atLeast(args, 2, 3);
    const array = arrayAt(args, 0);
    const k = numberAt(args, 1);
    const filter = optionalFilterAt(args, 2);
    const rows = initialised(this.#rows);
    checkLength(array, this.#dim);
    checkNeighbours(k, rows.capacity);
    if (k === 0) throw new Error('Invalid the number of k-nearest neighbors (must be a positive number).');
    return resultOf(rows.search(floatsOf(array, this.#dim), k, filter));
  }

  /** The most points that the index may hold; 0 before it is initialised. */
  getMaxElements(): number {
    return this.#rows?.capacity ?? 0;
  }

  /** The points in the index; 0 before it is initialised. */
  getCurrentCount(): number {
    return this.#rows?.count ?? 0;
  }

  getNumDimensions(): number {
    return this.#dim;
  }
}
