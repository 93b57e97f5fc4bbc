/** Shared by the tests of the drop-in for hnswlib-node: the peer itself, calls with their outcome, and the truth in doubles. */

import { createRequire } from 'node:module';
import { expect } from 'vitest';
import * as ours from '../../src/vector/hnswlib/index.js';

export type Library = Pick<typeof ours, 'BruteforceSearch' | 'HierarchicalNSW' | 'InnerProductSpace' | 'L2Space'>;
export type Space = ours.SpaceName;
export type Found = ours.SearchResult;

export const SPACES: readonly Space[] = ['l2', 'ip', 'cosine'];
const CLASSES = ['BruteforceSearch', 'HierarchicalNSW', 'InnerProductSpace', 'L2Space'] as const;

function isLibrary(value: unknown): value is Library {
  if (typeof value !== 'object' || value === null) return false;
  return CLASSES.every((name) => typeof Reflect.get(value, name) === 'function');
}

function loadPeer(): Library | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)('hnswlib-node');
    if (isLibrary(loaded)) return loaded;
    console.warn('hnswlib-node has other classes than expected: the tests against it are skipped.');
  } catch (error) {
    const [reason] = String(error).split('\n');
    console.warn(`hnswlib-node did not build here, so the tests against it are skipped: ${reason}`);
  }
  return undefined;
}

export const library: Library = ours;
export const peer: Library | undefined = loadPeer();

/** The peer, in a test that is skipped without it. */
export function thePeer(): Library {
  if (!peer) throw new Error('hnswlib-node is not there');
  return peer;
}

export type Outcome = { value: unknown } | { error: string; message: string };

/** What a call gives: its value, or the class and the words of its error. */
export function outcome(call: () => unknown): Outcome {
  try {
    return { value: call() };
  } catch (error) {
    if (!(error instanceof Error)) return { error: 'no Error', message: String(error) };
    return { error: error.constructor.name, message: error.message };
  }
}

export async function settledOutcome(call: () => unknown): Promise<Outcome> {
  try {
    return { value: await call() };
  } catch (error) {
    return outcome(() => {
      throw error;
    });
  }
}

/** Calls a method by name with any arguments at all. */
export function callAny(target: object, name: string, args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`there is no ${name}`);
  const value: unknown = Reflect.apply(method, target, args);
  return value;
}

export function distanceOf(space: Space, a: readonly number[], b: readonly number[]): number {
  let [squares, product, aa, bb] = [0, 0, 0, 0];
  for (const [i, x] of a.entries()) {
    const [p, q] = [Math.fround(x), Math.fround(b[i] ?? Number.NaN)];
    squares += (p - q) ** 2;
    product += p * q;
    aa += p * p;
    bb += q * q;
  }
  if (space === 'l2') return squares;
  const scale = space === 'cosine' ? Math.sqrt(aa > 0 ? aa : 1) * Math.sqrt(bb > 0 ? bb : 1) : 1;
  return 1 - product / scale;
}

/** The nearest of labelled points, by brute force in doubles, nearest first and ties by label. */
export function truthOf(space: Space, points: ReadonlyMap<number, readonly number[]>, query: readonly number[], k: number): Found {
  const all = Array.from(points, ([label, point]) => ({ label, distance: distanceOf(space, query, point) }));
  all.sort((a, b) => a.distance - b.distance || a.label - b.label);
  const best = all.slice(0, k);
  return { distances: best.map((hit) => hit.distance), neighbors: best.map((hit) => hit.label) };
}

/**
 * The same points up to the rounding of f32: equal distances, and equal labels but where points are as near as the
 * last one. Coordinates are at most about 10.
 */
export function expectSameFound(got: Found, expected: Found, room = 1e-4): void {
  expect(got.neighbors.length).toBe(expected.neighbors.length);
  expect(new Set(got.neighbors).size).toBe(got.neighbors.length);
  for (const [i, distance] of got.distances.entries()) {
    expect(Math.abs(distance - (expected.distances[i] ?? Number.NaN))).toBeLessThanOrEqual(room);
  }
  const last = expected.distances.at(-1) ?? 0;
  const known = new Set(expected.neighbors);
  for (const [i, label] of got.neighbors.entries()) {
    if (!known.has(label)) expect(Math.abs((got.distances[i] ?? Number.NaN) - last)).toBeLessThanOrEqual(room);
  }
}

/** A seeded stream of numbers within [-1, 1). */
export function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function points(count: number, dim: number, seed: number): number[][] {
  const next = stream(seed);
  return Array.from({ length: count }, () => Array.from({ length: dim }, next));
}
