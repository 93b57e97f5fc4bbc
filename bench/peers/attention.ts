/** The work of the attention bench, the ways to do it in JavaScript, and what is right. */

import type { Contender } from '../support/measure.js';
import { attention } from './loops.js';

/** softmax(scale * queries keys^T) values; all matrices row-major f32. */
export interface AttentionWork {
  candidates: number;
  events: number;
  dim: number;
  scale: number;
  /** candidates x dim */
  queries: Float32Array;
  /** events x dim */
  keys: Float32Array;
  /** events x dim */
  values: Float32Array;
}

/** A contender and the output of its last call. */
export interface AttentionContender extends Contender {
  output(): Float32Array;
}

/** The output in double, and sum_j w_j |v_j| beside it: the scale on which errors are stated. */
export interface Truth {
  output: Float64Array;
  magnitude: Float64Array;
}

export function truth(work: AttentionWork): Truth {
  const { candidates, events, dim, scale, queries, keys, values } = work;
  const output = new Float64Array(candidates * dim);
  const magnitude = new Float64Array(candidates * dim);
  for (let i = 0; i < candidates; i++) {
    const scores = Array.from({ length: events }, (_, j) => {
      let score = 0;
      for (let d = 0; d < dim; d++) score += at(queries, i * dim + d) * at(keys, j * dim + d);
      return scale * score;
    });
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, j) => {
      for (let d = 0; d < dim; d++) {
        const product = (weight / sum) * at(values, j * dim + d);
        output[i * dim + d] = at(output, i * dim + d) + product;
        magnitude[i * dim + d] = at(magnitude, i * dim + d) + Math.abs(product);
      }
    });
  }
  return { output, magnitude };
}

function at(array: Float32Array | Float64Array, index: number): number {
  return array[index] ?? Number.NaN;
}

/** The largest error in units of sum_j w_j |v_j|. */
export function errorOf(output: Float32Array, { output: expected, magnitude }: Truth): number {
  let largest = output.length === expected.length ? 0 : Number.NaN;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(at(output, i) - at(expected, i)) / at(magnitude, i));
  return largest;
}

/** Plain loops over typed arrays, in the order that runs through memory. */
export function javascriptAttention(work: AttentionWork): AttentionContender {
  const output = new Float32Array(work.candidates * work.dim);
  const scores = new Float64Array(work.events);
  const sums = new Float64Array(work.dim);
  return { name: 'javascript', call: () => attention(work, output, scores, sums), output: () => output };
}
