/** The k nearest of rows that come and go in blocks, since all of them in f32 would not fit beside what is measured. */

import { at } from './matrix.js';
import { dotF64, nearest } from './truth.js';

interface Scored {
  row: number;
  score: number;
}

export class StreamedTruth {
  readonly queries: number;
  readonly vectors: Float32Array;
  readonly #dim: number;
  readonly #k: number;
  readonly #best: Scored[][];

  constructor(vectors: Float32Array, dim: number, k: number) {
    this.vectors = vectors;
    this.queries = vectors.length / dim;
    this.#dim = dim;
    this.#k = k;
    this.#best = Array.from({ length: this.queries }, () => []);
  }

  /** Rows that the index knows as `from`, `from` + 1, ... */
  add(rows: Float32Array, from: number): void {
    const found = nearest(this.vectors, rows, this.#dim, this.#k);
    const kept = found.length / this.queries;
    this.#best.forEach((best, query) => {
      for (let i = 0; i < kept; i++) {
        const row = at(found, query * kept + i);
        best.push({ row: from + row, score: dotF64(this.vectors, query * this.#dim, rows, row * this.#dim, this.#dim) });
      }
      best.sort((a, b) => b.score - a.score || a.row - b.row);
      best.length = Math.min(best.length, this.#k);
    });
  }

  /** Mean recall@k over all queries. The rows are not kept, so a tie with the k-th is no hit; drawn numbers hardly ever tie. */
  recall(search: (query: number) => ArrayLike<number>): number {
    let [hits, all] = [0, 0];
    this.#best.forEach((best, query) => {
      const found = new Set(Array.from(search(query)).slice(0, this.#k));
      all += best.length;
      hits += best.filter(({ row }) => found.has(row)).length;
    });
    return hits / all;
  }
}
