/** What the k nearest rows are, by f32 brute force that is checked in double precision, and how much of it a search finds. */

import { native } from '../../src/native.js';
import { readU32, writeCache } from './cache.js';

/** Scores closer than this are a tie: f32 sums of unit-length vectors in another order differ by less. */
const TIE = 1e-6;
const CHECKED_QUERIES = 12;
/** Queries scored at once; their scores against all rows are held. */
const BLOCK = 16;

export function dotF64(a: Float32Array, aAt: number, b: Float32Array, bAt: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += (a[aAt + d] ?? Number.NaN) * (b[bAt + d] ?? Number.NaN);
  return sum;
}

/** The positions of the k rows with the highest inner products, best first, query after query. */
export function nearest(queries: Float32Array, rows: Float32Array, dim: number, k: number): Uint32Array {
  const { kernels } = native();
  const count = rows.length / dim;
  const asked = queries.length / dim;
  const kept = Math.min(k, count);
  const best = new Uint32Array(asked * kept);
  const scores = new Float32Array(Math.min(BLOCK, asked) * count);
  for (let from = 0; from < asked && count > 0; from += BLOCK) {
    const size = Math.min(BLOCK, asked - from);
    kernels.batch(null, 'f32', dim, queries.subarray(from * dim, (from + size) * dim), rows, scores.subarray(0, size * count));
    for (let q = 0; q < size; q++) {
      best.set(kernels.topk(null, scores.subarray(q * count, (q + 1) * count), kept), (from + q) * kept);
    }
  }
  return best;
}

/** Inner products of unit-length (or any) rows with queries: which rows should have been found. */
export class Truth {
  /** Rows that a query can find: k, or all there are. */
  readonly k: number;
  readonly queries: number;
  readonly #dim: number;
  readonly #vectors: Float32Array;
  readonly #rows: Float32Array;
  /** By query, the score that a row must have to be among the k best. */
  readonly #enough: Float64Array;

  /** `best` holds the positions that nearest() gives; left out, it is worked out here. */
  constructor(queries: Float32Array, rows: Float32Array, dim: number, k: number, best = nearest(queries, rows, dim, k)) {
    this.k = Math.min(k, rows.length / dim);
    this.queries = queries.length / dim;
    this.#dim = dim;
    this.#vectors = queries;
    this.#rows = rows;
    this.#enough = Float64Array.from({ length: this.queries }, (_, q) => {
      const last = best[(q + 1) * this.k - 1];
      return last === undefined ? Number.NaN : this.#score(q, last) - TIE;
    });
    this.#check();
  }

  /** The same, with the positions kept in a file between runs. */
  static cached(name: string, queries: Float32Array, rows: Float32Array, dim: number, k: number): Truth {
    const length = (queries.length / dim) * Math.min(k, rows.length / dim);
    const known = readU32(name, length);
    const best = known ?? nearest(queries, rows, dim, k);
    const truth = new Truth(queries, rows, dim, k, best);
    if (!known) writeCache(name, best);
    return truth;
  }

  #score(query: number, row: number): number {
    return dotF64(this.#vectors, query * this.#dim, this.#rows, row * this.#dim, this.#dim);
  }

  /** A plain loop in double precision, over all rows and some queries: fewer than k may be better than the k-th. */
  #check(): void {
    if (this.k === 0) return;
    const step = Math.max(1, Math.floor(this.queries / CHECKED_QUERIES));
    const count = this.#rows.length / this.#dim;
    for (let q = 0; q < this.queries; q += step) {
      const bound = (this.#enough[q] ?? Number.NaN) + 2 * TIE;
      let better = 0;
      for (let row = 0; row < count; row++) if (this.#score(q, row) > bound) better++;
      if (!(better < this.k)) throw new Error(`Brute force is wrong for query ${q}: ${better} rows are better than its number ${this.k}.`);
    }
  }

  /** How many of the k a search found: distinct rows whose score, worked out here, is good enough. Ties count as found. */
  hits(query: number, found: ArrayLike<number>): number {
    const distinct = new Set(Array.from(found).slice(0, this.k));
    let hits = 0;
    for (const row of distinct) if (this.#score(query, row) >= (this.#enough[query] ?? Number.NaN)) hits++;
    return hits;
  }

  /** Mean recall@k over all queries; `search` gives the positions of the rows found. */
  recall(search: (query: number) => ArrayLike<number>): number {
    if (this.k === 0) return 1;
    let hits = 0;
    for (let q = 0; q < this.queries; q++) hits += this.hits(q, search(q));
    return hits / (this.queries * this.k);
  }
}
