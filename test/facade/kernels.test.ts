import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native, type TargetName } from '../../src/native.js';

const addon = native();
const { kernels } = addon;
const info = addon.dispatch();
const targets: (TargetName | null)[] = [null, ...info.available];

/** Half an ulp of 1 in f32, and what a product may lose by underflow. */
const UNIT = 2 ** -24;
const SMALLEST = 2 ** -126;

/** A seeded stream of numbers of different magnitudes, so that sums cancel. */
function stream(seed: number): () => number {
  let state = seed >>> 0;
  const unit = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return () => (unit() - 0.5) * 2 ** Math.floor(unit() * 16 - 8);
}

function floats(n: number, next: () => number): Float32Array {
  return Float32Array.from({ length: n }, next);
}

function bytes(n: number, next: () => number): Int8Array {
  return Int8Array.from({ length: n }, () => Math.round(next() * 1000));
}

/** The values of bf16 bits, denormals zero. */
function bf16Values(bits: Uint16Array): Float64Array {
  const view = new DataView(new ArrayBuffer(4));
  return Float64Array.from(bits, (half) => {
    if ((half & 0x7f80) === 0) return 0;
    view.setUint32(0, half * 0x10000);
    return view.getFloat32(0);
  });
}

interface Sum {
  value: number;
  magnitude: number;
}

/** The product of row a of one matrix and row b of another in doubles, and the sum of its magnitudes. */
function product(a: ArrayLike<number>, ai: number, b: ArrayLike<number>, bi: number, dim: number): Sum {
  let value = 0;
  let magnitude = 0;
  for (let k = 0; k < dim; k += 1) {
    const term = (a[ai * dim + k] ?? Number.NaN) * (b[bi * dim + k] ?? Number.NaN);
    value += term;
    magnitude += Math.abs(term);
  }
  return { value, magnitude };
}

/** Checks one score against the bound stated beside the kernels. */
function expectNear(got: number | undefined, { value, magnitude }: Sum, dim: number): void {
  expect(Math.abs((got ?? Number.NaN) - value)).toBeLessThanOrEqual((dim + 8) * UNIT * magnitude + dim * SMALLEST);
}

const SHAPES = [
  { m: 1, n: 1, dim: 1 },
  { m: 3, n: 5, dim: 7 },
  { m: 9, n: 33, dim: 100 },
  { m: 33, n: 34, dim: 64 },
  { m: 50, n: 70, dim: 129 },
];

describe('dispatch', () => {
  it('has scalar, and an active target among those that can run', () => {
    expect(info.available[0]).toBe('scalar');
    expect(info.available).toContain(info.active);
    for (const target of info.available) expect(info.compiled).toContain(target);
    expect(info.cpu.length).toBeGreaterThan(0);
  });
});

describe.each(targets)('kernels on %s', (target) => {
  it.each(SHAPES)('dot and batch in f32, $m x $n x $dim', ({ m, n, dim }) => {
    const next = stream(dim);
    const queries = floats(m * dim, next);
    const rows = floats(n * dim, next);
    const scores = new Float32Array(n);
    const all = new Float32Array(m * n);
    kernels.dot(target, 'f32', queries.subarray(0, dim), rows, scores);
    kernels.batch(target, 'f32', dim, queries, rows, all);
    for (let j = 0; j < n; j += 1) expectNear(scores[j], product(queries, 0, rows, j, dim), dim);
    for (let i = 0; i < m * n; i += 1) expectNear(all[i], product(queries, Math.floor(i / n), rows, i % n, dim), dim);
  });

  it.each(SHAPES)('dot and batch in bf16, $m x $n x $dim', ({ m, n, dim }) => {
    const next = stream(dim + 1);
    const queries = kernels.toBf16(target, floats(m * dim, next));
    const rows = kernels.toBf16(target, floats(n * dim, next));
    const scores = new Float32Array(n);
    const all = new Float32Array(m * n);
    kernels.dot(target, 'bf16', queries.subarray(0, dim), rows, scores);
    kernels.batch(target, 'bf16', dim, queries, rows, all);
    const [a, b] = [bf16Values(queries), bf16Values(rows)];
    for (let j = 0; j < n; j += 1) expectNear(scores[j], product(a, 0, b, j, dim), dim);
    for (let i = 0; i < m * n; i += 1) expectNear(all[i], product(a, Math.floor(i / n), b, i % n, dim), dim);
  });

  it.each(SHAPES)('dot and batch in int8 exactly, $m x $n x $dim', ({ m, n, dim }) => {
    const next = stream(dim + 2);
    const queries = bytes(m * dim, next);
    const rows = bytes(n * dim, next);
    rows.fill(-128, 0, dim);
    queries.fill(-128, 0, dim);
    const scores = new Int32Array(n);
    const all = new Int32Array(m * n);
    kernels.dot(target, 'i8', queries.subarray(0, dim), rows, scores);
    kernels.batch(target, 'i8', dim, queries, rows, all);
    for (let j = 0; j < n; j += 1) expect(scores[j]).toBe(product(queries, 0, rows, j, dim).value);
    for (let i = 0; i < m * n; i += 1) expect(all[i]).toBe(product(queries, Math.floor(i / n), rows, i % n, dim).value);
  });

  it.each(SHAPES)('matrix products, $m x $n x $dim', ({ m, n, dim }) => {
    const next = stream(dim + 3);
    const a = floats(m * dim, next);
    const b = floats(dim * n, next);
    const rows = Float32Array.from(b, (_, i) => b[(i % dim) * n + Math.floor(i / dim)] ?? Number.NaN);
    const exact = new Float32Array(m * n);
    const rounded = new Float32Array(m * n);
    kernels.gemm(target, 'f32', m, n, dim, a, b, exact);
    kernels.gemm(target, 'bf16', m, n, dim, a, b, rounded);
    for (let i = 0; i < m * n; i += 1) {
      const expected = product(a, Math.floor(i / n), rows, i % n, dim);
      expectNear(exact[i], expected, dim);
      expect(Math.abs((rounded[i] ?? Number.NaN) - expected.value)).toBeLessThanOrEqual(0.008 * expected.magnitude);
    }
  });

  it('selects the best, ties by position, NaN last', () => {
    const score = fc.oneof(fc.float(), fc.constantFrom(0, -0, 1, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(fc.array(score, { maxLength: 300 }), fc.nat(320), (list, k) => {
        const scores = Float32Array.from(list);
        const order = Array.from(scores.keys()).sort((i, j) => {
          const [a, b] = [scores[i] ?? Number.NaN, scores[j] ?? Number.NaN];
          if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
          return a > b ? -1 : b > a ? 1 : i - j;
        });
        expect(Array.from(kernels.topk(target, scores, k))).toEqual(order.slice(0, k));
      }),
    );
  });

  it('rounds to bf16 and back within a part in 256, and keeps what has no magnitude', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 50 }), (values) => {
        const back = kernels.fromBf16(target, kernels.toBf16(target, values));
        for (const [i, value] of values.entries()) {
          const got = back[i] ?? Number.NaN;
          if (Number.isNaN(value)) expect(got).toBeNaN();
          else if (Math.abs(value) < SMALLEST) expect(Math.abs(got)).toBe(0);
          // Beyond half a step above the largest bf16, 2^128 - 2^120, is infinity.
          else if (!Number.isFinite(got)) expect(Math.abs(value)).toBeGreaterThanOrEqual(2 ** 128 - 2 ** 119);
          else expect(Math.abs(got - value)).toBeLessThanOrEqual(Math.min(Math.abs(value), Number.MAX_VALUE) / 256);
        }
      }),
    );
  });

  it('quantises a row to int8 within half a step', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 100 }), (row) => {
        const { values, scale } = kernels.toI8(target, row);
        expect(values.length).toBe(row.length);
        const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        if (largest <= 2 ** -119) expect(scale).toBe(0);
        else expect(Math.abs(scale - largest / 127)).toBeLessThanOrEqual(scale * 2 ** -23);
        for (const [i, value] of row.entries()) {
          const quantised = values[i] ?? Number.NaN;
          expect(Math.abs(quantised)).toBeLessThanOrEqual(127);
          if (scale > 0) expect(Math.abs(value - quantised * scale)).toBeLessThanOrEqual(0.5001 * scale);
        }
      }),
    );
  });

  it.each([
    { type: 'f32' as const, tolerance: 1e-5 },
    { type: 'bf16' as const, tolerance: 1e-2 },
  ])('attends in $type as doubles do', ({ type, tolerance }) => {
    const [candidates, events, dim, valueDim, heads, scale] = [11, 13, 24, 18, 3, 0.25];
    const next = stream(7);
    const unit = () => Math.max(-1, Math.min(1, next() / 16));
    const [queries, keys] = [floats(candidates * dim, unit), floats(events * dim, unit)];
    const [values, bias] = [floats(events * valueDim, unit), floats(heads * events, unit)];
    const out = new Float32Array(candidates * valueDim);
    const weights = new Float32Array(candidates * heads * events);
    kernels.attention(target, { type, queries, keys, values, dim, valueDim, heads, scale, bias, out, weights });
    const width = dim / heads;
    for (let i = 0; i < candidates; i += 1) {
      for (let h = 0; h < heads; h += 1) {
        const query = queries.subarray(i * dim + h * width, i * dim + (h + 1) * width);
        const logits = Array.from({ length: events }, (_, j) => {
          const key = keys.subarray(j * dim + h * width, j * dim + (h + 1) * width);
          return scale * product(query, 0, key, 0, width).value + (bias[h * events + j] ?? Number.NaN);
        });
        const most = Math.max(...logits);
        const raw = logits.map((logit) => Math.exp(logit - most));
        const total = raw.reduce((sum, value) => sum + value, 0);
        for (const [j, value] of raw.entries()) {
          expect(Math.abs((weights[(i * heads + h) * events + j] ?? Number.NaN) - value / total)).toBeLessThanOrEqual(tolerance);
        }
        for (let c = (h * valueDim) / heads; c < ((h + 1) * valueDim) / heads; c += 1) {
          const wanted = raw.reduce((sum, value, j) => sum + (value / total) * (values[j * valueDim + c] ?? Number.NaN), 0);
          expect(Math.abs((out[i * valueDim + c] ?? Number.NaN) - wanted)).toBeLessThanOrEqual(tolerance);
        }
      }
    }
  });
});

/** What a caller without types might pass. The call must return or throw an error with a code; nothing else. */
type Untyped = Record<string, (...args: unknown[]) => unknown>;
const untyped: Untyped = Object.fromEntries(
  Object.entries(kernels).map(([name, call]: [string, unknown]) => [
    name,
    (...args: unknown[]) => {
      if (typeof call !== 'function') throw new TypeError(`${name} is not a function`);
      return Reflect.apply(call, kernels, args) as unknown;
    },
  ]),
);

function codeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code;
    throw error;
  }
  return undefined;
}

function detached<T extends ArrayBufferView<ArrayBuffer>>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

describe('wrong arguments', () => {
  const row = new Float32Array(4);
  it.each<[string, string, unknown[]]>([
    ['an unknown target', 'topk', ['warp', row, 1]],
    ['an unknown type', 'dot', [null, 'f64', row, row, row]],
    ['an array for a typed array', 'dot', [null, 'f32', [1], row, row]],
    ['a typed array of another type', 'dot', [null, 'f32', new Float64Array(4), row, row]],
    ['an empty query', 'dot', [null, 'f32', new Float32Array(0), row, row]],
    ['a query of too many dimensions', 'dot', [null, 'f32', new Float32Array(4097), new Float32Array(4097), new Float32Array(1)]],
    ['rows that are not whole', 'dot', [null, 'f32', new Float32Array(3), row, row]],
    ['a result of the wrong length', 'dot', [null, 'f32', row, row, row]],
    ['a detached buffer', 'dot', [null, 'f32', row, row, detached(new Float32Array(1))]],
    ['a dimension of 0', 'batch', [null, 'f32', 0, row, row, row]],
    ['a fraction of a dimension', 'batch', [null, 'f32', 1.5, row, row, row]],
    ['a result too small for m x n', 'batch', [null, 'f32', 1, row, row, row]],
    ['a k of 1.5', 'topk', [null, row, 1.5]],
    ['a negative k', 'topk', [null, row, -1]],
    ['a k of 1e9', 'topk', [null, row, 1e9]],
    ['a k that is not a number', 'topk', [null, row, '1']],
    ['no arguments', 'topk', []],
    ['no task', 'attention', [null]],
    ['an empty task', 'attention', [null, {}]],
  ])('%s', (_, name, args) => {
    expect(codeOf(() => untyped[name]?.(...args))).toBe('KAIRANK_INVALID_ARGUMENT');
  });

  it('a k of 0 selects nothing', () => {
    expect(kernels.topk(null, row, 0)).toEqual(new Uint32Array(0));
  });

  it('a getter that detaches what was passed before is found out', () => {
    const queries = new Float32Array(4);
    const task = {
      type: 'f32',
      queries,
      get keys() {
        detached(queries);
        return new Float32Array(4);
      },
      values: new Float32Array(4),
      dim: 4,
      valueDim: 4,
      heads: 1,
      scale: 1,
      bias: null,
      out: new Float32Array(4),
      weights: null,
    };
    expect(codeOf(() => untyped.attention?.(null, task))).toBe('KAIRANK_INVALID_ARGUMENT');
  });

  it('garbage never does more than throw an error with a code', () => {
    const length = fc.oneof(fc.constantFrom(0, 1, 4, 8, 16), fc.nat(40));
    const typed = fc.oneof(
      length.map((n) => new Float32Array(n)),
      length.map((n) => new Int8Array(n)),
      length.map((n) => new Uint16Array(n)),
      length.map((n) => new Int32Array(n)),
      length.map((n) => new Uint32Array(n)),
      length.map((n) => new Float32Array(new SharedArrayBuffer(n * 4))),
      length.map((n) => detached(new Float32Array(n + 1))),
    );
    const number = fc.constantFrom(0, 1, 2, 4, -1, 1.5, 1e9, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY);
    const plain = fc.oneof(fc.constantFrom(null, undefined, 'f32', 'bf16', 'i8', 'scalar', true, 1n, Symbol('x')), number, fc.anything());
    const task = fc.record(
      {
        type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('f32', 'bf16') }, plain),
        queries: typed,
        keys: typed,
        values: typed,
        dim: number,
        valueDim: number,
        heads: number,
        scale: number,
        bias: fc.oneof(fc.constant(null), typed),
        out: typed,
        weights: fc.oneof(fc.constant(null), typed),
      },
      { requiredKeys: [] },
    );
    const argument = fc.oneof({ weight: 5, arbitrary: typed }, { weight: 3, arbitrary: plain }, { weight: 1, arbitrary: task });
    const target = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...targets) }, argument);
    const type = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('f32', 'bf16', 'i8') }, argument);
    const args = fc.oneof(
      fc.tuple(target, type, argument, argument, argument, argument),
      fc.tuple(target, type, number, typed, typed, typed),
      fc.tuple(target, fc.oneof(task, argument)),
      fc.array(argument, { maxLength: 7 }),
    );
    const codes = new Set<unknown>();
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(untyped)), args, (name, list) => {
        codes.add(codeOf(() => untyped[name]?.(...list)));
      }),
      { numRuns: 3000 },
    );
    expect([...codes].sort()).toEqual(['KAIRANK_INVALID_ARGUMENT', undefined]);
  });
});
