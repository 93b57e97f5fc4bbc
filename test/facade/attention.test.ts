/** The attention kernel through the binding, on every target of this CPU, against double precision. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NativeAttentionTask, native } from '../../src/native.js';

const { kernels, ...addon } = native();
const targets = addon.dispatch().available;

interface Shape {
  candidates: number;
  events: number;
  heads: number;
  /** Of one head. */
  width: number;
  valueWidth: number;
  biased: boolean;
  seed: number;
}

const shapes = fc.record<Shape>({
  candidates: fc.integer({ min: 0, max: 30 }),
  events: fc.integer({ min: 0, max: 70 }),
  heads: fc.integer({ min: 1, max: 4 }),
  width: fc.integer({ min: 1, max: 40 }),
  valueWidth: fc.integer({ min: 1, max: 40 }),
  biased: fc.boolean(),
  seed: fc.nat(),
});

/** Numbers in [-1, 1) from a linear congruential generator. */
function numbers(size: number, seed: number): Float32Array {
  let state = seed | 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

function makeTask(shape: Shape, type: 'f32' | 'bf16'): NativeAttentionTask & { weights: Float32Array } {
  const { candidates, events, heads, width, valueWidth, biased, seed } = shape;
  const dim = heads * width;
  const valueDim = heads * valueWidth;
  return {
    type,
    queries: numbers(candidates * dim, seed),
    keys: numbers(events * dim, seed + 1),
    values: numbers(events * valueDim, seed + 2),
    dim,
    valueDim,
    heads,
    scale: 1 / Math.sqrt(width),
    bias: biased ? numbers(heads * events, seed + 3) : null,
    out: new Float32Array(candidates * valueDim).fill(7),
    weights: new Float32Array(candidates * heads * events).fill(7),
  };
}

const at = (array: ArrayLike<number>, index: number): number => array[index] ?? Number.NaN;

/** The largest error of the output in units of sum_j w_j |v_j|, and of the weights' sums. */
function errors(task: NativeAttentionTask & { weights: Float32Array }, { candidates, events, heads, width, valueWidth }: Shape) {
  let output = 0;
  let sums = 0;
  for (let i = 0; i < candidates; i++) {
    for (let h = 0; h < heads; h++) {
      const scores = Array.from({ length: events }, (_, j) => {
        let score = 0;
        for (let d = 0; d < width; d++)
          score += at(task.queries, i * task.dim + h * width + d) * at(task.keys, j * task.dim + h * width + d);
        return score * task.scale + (task.bias ? at(task.bias, h * events + j) : 0);
      });
      const largest = Math.max(...scores);
      const exponentials = scores.map((score) => Math.exp(score - largest));
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      const sum = exponentials.reduce((all, _, j) => all + at(task.weights, (i * heads + h) * events + j), 0);
      sums = Math.max(sums, Math.abs(sum - (events > 0 ? 1 : 0)));
      for (let v = 0; v < valueWidth; v++) {
        const products = exponentials.map((weight, j) => (weight / total) * at(task.values, j * task.valueDim + h * valueWidth + v));
        const expected = products.reduce((all, product) => all + product, 0);
        const magnitude = products.reduce((all, product) => all + Math.abs(product), 0);
        const error = Math.abs(at(task.out, i * task.valueDim + h * valueWidth + v) - expected);
        output = Math.max(output, magnitude === 0 ? error : error / magnitude);
      }
    }
  }
  return { output, sums };
}

describe.each(targets)('attention on %s', (target) => {
  // A score that is off by e moves the output by up to 2e of its scale, on top of the products' own error.
  it.each([
    ['f32', 3e-5],
    ['bf16', 5e-2],
  ] as const)('agrees with double precision in %s, for any shape', (type, allowed) => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const task = makeTask(shape, type);
        kernels.attention(target, task);
        const { output, sums } = errors(task, shape);
        expect(output).toBeLessThanOrEqual(allowed);
        expect(sums).toBeLessThanOrEqual(1e-5);
      }),
      { numRuns: 150 },
    );
  });

  it('gives a masked event no weight, and zeros where all are masked', () => {
    const shape = { candidates: 5, events: 21, heads: 2, width: 8, valueWidth: 6, biased: true, seed: 5 };
    const task = makeTask(shape, 'f32');
    task.bias?.fill(Number.NEGATIVE_INFINITY, 3, 21);
    task.bias?.fill(Number.NEGATIVE_INFINITY, 21, 42);
    kernels.attention(target, task);
    for (let i = 0; i < 5; i++) {
      const weights = task.weights.subarray(i * 42, (i + 1) * 42);
      expect([...weights.subarray(3)].every((weight) => weight === 0)).toBe(true);
      expect(at(weights, 0) + at(weights, 1) + at(weights, 2)).toBeCloseTo(1, 6);
      const own = task.out.subarray(i * 12, (i + 1) * 12);
      expect([...own.subarray(0, 6)].every((value) => value !== 0)).toBe(true);
      expect([...own.subarray(6)].every((value) => value === 0)).toBe(true);
    }
  });
});

describe('a task that cannot be', () => {
  const shape = { candidates: 4, events: 5, heads: 2, width: 3, valueWidth: 3, biased: true, seed: 1 };
  it.each<[string, Partial<NativeAttentionTask>]>([
    ['task.out', { out: new Float32Array(23) }],
    ['task.values', { values: new Float32Array(31) }],
    ['task.queries', { queries: new Float32Array(25) }],
    ['task.keys', { keys: new Float32Array(31) }],
    ['task.bias', { bias: new Float32Array(9) }],
    ['task.weights', { weights: new Float32Array(39) }],
    ['task.dim', { heads: 4 }],
    ['task.heads', { heads: 0 }],
    ['task.scale', { scale: Number.NaN }],
  ])('is refused by the name of what is wrong: %s', (field, change) => {
    const task = { ...makeTask(shape, 'f32'), ...change };
    expect(() => kernels.attention(null, task)).toThrow(field);
  });
});
