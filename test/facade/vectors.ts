/** Shared by the tests of kairank/vector: vectors from a seed, and brute force in doubles. */

import { expect } from 'vitest';
import type { Id, Metric, SearchResult, VectorIndex } from '../../src/vector/index.js';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** n x dim numbers, nearly normal. */
export function gaussian(n: number, dim: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length: n * dim }, () => next() + next() + next() + next() - 2);
}

/** n x dim numbers about `centres` points: what embeddings look like. */
export function clustered(n: number, dim: number, centres: number, seed: number): Float32Array {
  const middles = gaussian(centres, dim, seed);
  const around = gaussian(n, dim, seed + 1);
  return around.map((value, i) => (middles[((Math.trunc(i / dim) * 7919) % centres) * dim + (i % dim)] ?? 0) + value / 2);
}

export function rowOf(vectors: Float32Array, row: number, dim: number): Float32Array {
  return vectors.subarray(row * dim, (row + 1) * dim);
}

export function numbersTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function norm(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let d = 0; d < vector.length; d++) squares += (vector[d] ?? 0) ** 2;
  return Math.sqrt(squares);
}

/** The score of a stored vector, in doubles; for 'cosine' stored vectors are at unit length already. */
export function scoreOf(metric: Metric, query: Float32Array, stored: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < stored.length; d++) {
    const [q = 0, x = 0] = [query[d], stored[d]];
    sum += metric === 'l2' ? -((q - x) ** 2) : q * x;
  }
  const length = metric === 'cosine' ? norm(query) : 1;
  return length > 0 ? sum / length : 0;
}

/** How far f32 may be from the doubles for these vectors. */
function slackOf(metric: Metric, query: Float32Array, stored: Float32Array): number {
  const [q, x] = [norm(query), norm(stored)];
  const size = metric === 'l2' ? (q + x) ** 2 : metric === 'cosine' ? x : q * x;
  return 2e-6 * size + 1e-42;
}

/** Every id's score, best first, by the vectors that the index says it keeps. */
export function bruteForce<T extends Id>(
  index: VectorIndex<T>,
  query: Float32Array,
  ids: readonly T[],
): { id: T; score: number; slack: number }[] {
  const { metric } = index.stats;
  const scored = ids.map((id) => {
    const stored = index.get(id);
    if (!stored) throw new Error(`there is no vector of ${id}`);
    return { id, score: scoreOf(metric, query, stored), slack: slackOf(metric, query, stored) };
  });
  return scored.sort((a, b) => b.score - a.score);
}

/** Whether a result is well formed, and its scores are those of its ids. */
export function expectTrueScores<T extends Id>(
  result: SearchResult<T>,
  truth: readonly { id: T; score: number; slack: number }[],
  k: number,
): void {
  const scores = new Map(truth.map((one) => [one.id, one]));
  expect(result.ids).toHaveLength(Math.min(k, truth.length));
  expect(result.scores).toHaveLength(result.ids.length);
  expect(result.underfilled).toBe(truth.length < k);
  expect(new Set(result.ids).size).toBe(result.ids.length);
  expect([...result.scores].sort((a, b) => b - a)).toEqual([...result.scores]);
  for (const [rank, id] of result.ids.entries()) {
    const one = scores.get(id);
    if (!one) throw new Error(`${id} is not eligible`);
    expect(Math.abs((result.scores[rank] ?? Number.NaN) - one.score)).toBeLessThanOrEqual(one.slack);
  }
}

/** Whether a result is the one of brute force; ids may differ where scores are equal as far as f32 goes. */
export function expectExact<T extends Id>(
  result: SearchResult<T>,
  truth: readonly { id: T; score: number; slack: number }[],
  k: number,
): void {
  expectTrueScores(result, truth, k);
  for (const [rank, score] of result.scores.entries()) {
    const one = truth[rank];
    if (!one) throw new Error('there are more results than ids');
    expect(Math.abs(score - one.score)).toBeLessThanOrEqual(2 * one.slack);
  }
}

/** The share of the k best that a result has; one that is as good as the last of them counts. */
export function recallOf<T extends Id>(
  result: SearchResult<T>,
  truth: readonly { id: T; score: number; slack: number }[],
  k: number,
): number {
  const last = truth[Math.min(k, truth.length) - 1];
  if (!last) return 1;
  const good = new Set(truth.filter((one) => one.score >= last.score - 2 * one.slack).map((one) => one.id));
  return result.ids.filter((id) => good.has(id)).length / Math.min(k, truth.length);
}
