/** Any number of rows in Gaussian clusters, the same from the same seed, at some nanoseconds a number. */

import { at } from './matrix.js';
import { gaussian, generator } from './random.js';

const TABLE = 1 << 16;

export interface ClusterOptions {
  dim: number;
  clusters: number;
  /** Standard deviation of a cluster around its centre, where the centres' own is 1. */
  spread: number;
  seed: number;
}

/** A stream of rows: what it gives depends on the rows before, not on how they were divided into calls. */
export class Clusters {
  readonly #options: ClusterOptions;
  readonly #centres: Float32Array;
  /** Normal numbers to draw from: making each anew would take longer than what is measured. */
  readonly #normal: Float32Array;
  #state: number;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const random = generator(options.seed);
    this.#centres = Float32Array.from({ length: options.clusters * options.dim }, () => gaussian(random));
    this.#normal = Float32Array.from({ length: TABLE }, () => gaussian(random) * options.spread);
    this.#state = (options.seed * 2 + 1) >>> 0;
  }

  /** The next rows. */
  take(count: number): Float32Array {
    const { dim, clusters } = this.#options;
    const [centres, normal] = [this.#centres, this.#normal];
    const out = new Float32Array(count * dim);
    let state = this.#state;
    for (let row = 0; row < count; row++) {
      state = xorshift(state);
      const centre = Math.floor((state / 2 ** 32) * clusters) * dim;
      for (let d = 0; d < dim; d++) {
        state = xorshift(state);
        out[row * dim + d] = at(centres, centre + d) + at(normal, state >>> 16);
      }
    }
    this.#state = state;
    return out;
  }
}

function xorshift(state: number): number {
  let x = state ^ (state << 13);
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}

/** Scales each row to unit length, in place. */
export function unitLength(rows: Float32Array, dim: number): Float32Array {
  for (let from = 0; from < rows.length; from += dim) {
    let square = 0;
    for (let d = from; d < from + dim; d++) square += at(rows, d) ** 2;
    const norm = Math.sqrt(square);
    for (let d = from; d < from + dim; d++) rows[d] = at(rows, d) / norm;
  }
  return rows;
}
