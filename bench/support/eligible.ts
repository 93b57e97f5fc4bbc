/** Parts of the rows that a filter lets through: at random, or on one side of the space, with queries from that side or from the other. */

import { native } from '../../src/native.js';
import type { Vectors } from './glove.js';
import { at, gather } from './matrix.js';
import { gaussian, generator, shuffledOrder } from './random.js';

/**
 * - random: whatever the query is, a share of the rows around it is eligible.
 * - near: the rows nearest to a random direction, asked by the queries nearest to it: the eligible lie where the search goes.
 * - far: the same rows, asked by the queries farthest from it: the search lands where nothing is eligible.
 */
export const EVERY_SUBSET = ['random', 'near', 'far'] as const;
export type SubsetKind = (typeof EVERY_SUBSET)[number];

export interface Subset {
  kind: SubsetKind;
  selectivity: number;
  /** Positions of the eligible rows. */
  rows: Uint32Array;
  queries: Float32Array;
}

const SEED = 6;

/** Positions by inner product with the direction, highest first. */
function byDirection(direction: Float32Array, matrix: Float32Array, dim: number): Uint32Array {
  const scores = new Float32Array(matrix.length / dim);
  native().kernels.dot(null, 'f32', direction, matrix, scores);
  return Uint32Array.from(scores.keys()).sort((a, b) => at(scores, b) - at(scores, a) || a - b);
}

export function subsetOf({ dim, queries, rows, count }: Vectors, kind: SubsetKind, selectivity: number, asked: number): Subset {
  const random = generator(SEED);
  const size = Math.max(1, Math.round(count * selectivity));
  if (kind === 'random') {
    return { kind, selectivity, rows: shuffledOrder(count, random).slice(0, size), queries: queries.slice(0, asked * dim) };
  }
  const direction = Float32Array.from({ length: dim }, () => gaussian(random));
  const order = byDirection(direction, queries, dim);
  const who = kind === 'near' ? order.slice(0, asked) : order.slice(-asked);
  return { kind, selectivity, rows: byDirection(direction, rows, dim).slice(0, size), queries: gather(queries, dim, who) };
}

/** Exact search as if there were no other rows: the eligible alone in a matrix of f32, the one-query kernel, and the k best. */
export function dense(eligible: Float32Array, queries: readonly Float32Array[], k: number): (query: number) => Uint32Array {
  const { kernels } = native();
  const first = at(queries, 0);
  const scores = new Float32Array(eligible.length / first.length);
  return (query) => {
    kernels.dot(null, 'f32', at(queries, query), eligible, scores);
    return kernels.topk(null, scores, Math.min(k, scores.length));
  };
}
