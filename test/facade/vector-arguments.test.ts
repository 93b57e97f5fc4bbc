/** Wrong arguments of kairank/vector: each is refused by name, with what was expected and what came. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KairankError, type Selection, VectorIndex } from '../../src/vector/index.js';
import { numbersTo } from './vectors.js';

const DIM = 3;
let texts: VectorIndex;
let numbers: VectorIndex<number>;
let plain: VectorIndex;
let selection: Selection;

beforeAll(() => {
  texts = new VectorIndex({ dim: DIM });
  numbers = new VectorIndex({ dim: DIM, ids: 'number' });
  plain = new VectorIndex({ dim: DIM, graph: false });
  texts.putSync(['a', 'b'], Float32Array.of(1, 2, 3, 4, 5, 6));
  numbers.putSync([1, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
  selection = texts.select(['a']);
});
afterAll(() => {
  for (const one of [texts, numbers, plain, selection]) one.close();
});

function detached(length: number): Float32Array {
  const array = new Float32Array(length);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

/** Calls a method with arguments that its type would not let through. */
function invoke(target: object, name: string, given: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`there is no method ${name}`);
  return Reflect.apply(method, target, given);
}

async function errorOf(call: () => unknown): Promise<KairankError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof KairankError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

async function expectRefused(call: () => unknown, field: string, received?: string): Promise<void> {
  const error = await errorOf(call);
  expect(error).toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field });
  expect(error.expected).toBeTruthy();
  expect(error.received).toBeTruthy();
  expect(error.message).toContain(field);
  expect(error.message).toContain(error.expected);
  if (received !== undefined) expect(error.received).toBe(received);
}

describe('the constructor', () => {
  test.each<[string, unknown, string]>([
    ['options', undefined, 'undefined'],
    ['options', [], 'an array of 0'],
    ['dim', {}, 'undefined'],
    ['dim', { dim: 0 }, '0'],
    ['dim', { dim: 1.5 }, '1.5'],
    ['dim', { dim: 4097 }, '4097'],
    ['dim', { dim: '3' }, '"3"'],
    ['metric', { dim: 3, metric: 'manhattan' }, '"manhattan"'],
    ['storage', { dim: 3, storage: 'f64' }, '"f64"'],
    ['codes', { dim: 3, codes: 'int2' }, '"int2"'],
    ['graph', { dim: 3, graph: 1 }, '1'],
    ['m', { dim: 3, m: 1 }, '1'],
    ['m', { dim: 3, m: 257 }, '257'],
    ['efConstruction', { dim: 3, efConstruction: 0 }, '0'],
    ['seed', { dim: 3, seed: -1 }, '-1'],
    ['seed', { dim: 3, seed: Number.NaN }, 'NaN'],
    ['ids', { dim: 3, ids: 'bigint' }, '"bigint"'],
    ['metrics', { dim: 3, metrics: 'dot' }, '"dot"'],
  ])('%s: %o', async (field, options, received) => {
    await expectRefused(() => Reflect.construct(VectorIndex, [options]), field, received);
  });
});

const one = new Float32Array(DIM);
const two = new Float32Array(2 * DIM);
const sparse = Array.from<string>({ length: 2 });
sparse[1] = 'b';

describe.each(['put', 'putSync'])('%s', (name) => {
  test.each<[string, string, unknown[], string?]>([
    ['ids', 'a string', ['a', one]],
    ['ids', 'nothing', []],
    ['ids', 'numbers for strings', [Float64Array.of(1), one], 'Float64Array(8 bytes)'],
    ['ids[1]', 'a number among strings', [['a', 1], two], '1'],
    ['ids[0]', 'an empty id', [[''], one], '""'],
    ['ids[0]', 'half a surrogate pair', [['\ud800'], one]],
    ['ids[0]', 'a hole', [sparse, two], 'undefined'],
    ['ids[0]', 'an id of 513 characters', [['x'.repeat(513)], one]],
    ['vectors', 'nothing', [['a']], 'undefined'],
    ['vectors', 'an array', [['a'], [1, 2, 3]], 'an array of 3'],
    ['vectors', 'doubles', [['a'], new Float64Array(DIM)], 'Float64Array(24 bytes)'],
    ['vectors', 'too few', [['a', 'b'], one], 'Float32Array(12 bytes)'],
    ['vectors', 'too many', [['a'], two]],
    ['vectors', 'a detached buffer', [['a'], detached(DIM)], 'Float32Array(0 bytes)'],
    ['vectors[1]', 'NaN', [['a', 'b'], Float32Array.of(1, 2, 3, 4, Number.NaN, 6)], 'NaN at [1]'],
    ['vectors[0]', 'an infinity', [['a'], Float32Array.of(1, 2, Number.NEGATIVE_INFINITY)], 'an infinity at [2]'],
    ['vectors[0]', 'a norm beyond 1e15', [['a'], Float32Array.of(1e15, 1e15, 0)], 'larger'],
    ['threads', 'none', [['a'], one, { threads: 0 }], '0'],
    ['threads', 'a half', [['a'], one, { threads: 1.5 }], '1.5'],
    ['threads', 'thousands', [['a'], one, { threads: 1025 }], '1025'],
    ['options', 'a number', [['a'], one, 3], '3'],
    ['thread', 'an unknown option', [['a'], one, { thread: 1 }], '1'],
  ])('%s: %s', async (field, _, given, received) => {
    await expectRefused(() => invoke(texts, name, given), field, received);
    expect(texts.size).toBe(2);
  });

  test('ids of numbers', async () => {
    await expectRefused(() => invoke(numbers, name, [['1'], one]), 'ids[0]', '"1"');
    await expectRefused(() => invoke(numbers, name, [[1, Number.NaN], two]), 'ids[1]', 'NaN');
    await expectRefused(() => invoke(numbers, name, [Float64Array.of(Number.POSITIVE_INFINITY), one]), 'ids[0]', 'Infinity');
    await expectRefused(() => invoke(numbers, name, [Int32Array.of(1), one]), 'ids');
    await expectRefused(() => invoke(numbers, name, [[1n], one]), 'ids[0]', '1n');
  });
});

test('what only promises take', async () => {
  await expectRefused(() => invoke(texts, 'put', [['a'], one, { signal: {} }]), 'signal');
  await expectRefused(() => invoke(texts, 'put', [['a'], one, { deadline: 0 }]), 'deadline', '0');
  await expectRefused(() => invoke(texts, 'put', [['a'], one, { onProgress: 1 }]), 'onProgress', '1');
  await expectRefused(() => invoke(texts, 'putSync', [['a'], one, { signal: AbortSignal.abort() }]), 'signal');
  await expectRefused(() => invoke(texts, 'searchSync', [one, { signal: AbortSignal.abort() }]), 'signal');
  await expectRefused(() => invoke(texts, 'calibrate', [{ deadline: 3 }]), 'deadline', '3');
});

describe.each([
  ['search', 'query'],
  ['searchSync', 'query'],
  ['searchBatch', 'queries'],
  ['searchBatchSync', 'queries'],
])('%s', (name, field) => {
  const single = field === 'query';

  test.each<[string, unknown, string]>([
    ['k', 0, '0'],
    ['k', 1.5, '1.5'],
    ['k', 1e9, '1000000000'],
    ['k', Number.NaN, 'NaN'],
    ['index', 'fast', '"fast"'],
    ['efSearch', 0, '0'],
    ['efSearch', 2 ** 21, '2097152'],
    ['recall', 0, '0'],
    ['recall', 1.01, '1.01'],
    ['recall', '1', '"1"'],
    ['filter', ['a'], 'an array of 1'],
    ['filter', null, 'null'],
    ['deadline', -1, '-1'],
    ['deadline', Number.POSITIVE_INFINITY, 'Infinity'],
    ['ef', 10, '10'],
  ])('%s: %o', async (option, value, received) => {
    await expectRefused(() => invoke(texts, name, [one, { [option]: value }]), option, received);
  });

  test('two ways to say how well', async () => {
    await expectRefused(() => invoke(texts, name, [one, { efSearch: 10, recall: 0.9 }]), 'recall', '"both"');
  });

  test('the graph of an index that has none', async () => {
    await expectRefused(() => invoke(plain, name, [one, { index: 'graph' }]), 'index', '"graph"');
  });

  test('a selection of another index', async () => {
    await expectRefused(() => invoke(plain, name, [one, { filter: selection }]), 'filter');
  });

  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [[1, 2, 3], 'an array of 3'],
    [new Float64Array(DIM), 'Float64Array(24 bytes)'],
    [new Float32Array(DIM + 1), 'Float32Array(16 bytes)'],
  ])('a query of %o', async (query, received) => {
    await expectRefused(() => invoke(texts, name, [query]), field, received);
  });

  test('a query that is not finite, or too long', async () => {
    await expectRefused(() => invoke(texts, name, [Float32Array.of(0, Number.NaN, 0)]), single ? 'query[1]' : 'queries[0]');
    await expectRefused(() => invoke(texts, name, [Float32Array.of(3e38, 3e38, 0)]), single ? 'query' : 'queries[0]');
  });

  test('a buffer that is detached', async () => {
    await expectRefused(() => invoke(texts, name, [detached(DIM)]), field);
  });

  test('threads', async () => {
    const call = (): unknown => invoke(texts, name, [one, { threads: 1.5 }]);
    await expectRefused(call, 'threads', '1.5');
    if (single) await expectRefused(() => invoke(texts, name, [one, { threads: 1 }]), 'threads', '1');
  });
});

test('ids to look up, to remove and to select', async () => {
  for (const name of ['has', 'get']) {
    await expectRefused(() => invoke(texts, name, [1]), 'id', '1');
    await expectRefused(() => invoke(texts, name, ['']), 'id', '""');
    await expectRefused(() => invoke(numbers, name, ['1']), 'id', '"1"');
    await expectRefused(() => invoke(numbers, name, [Number.NaN]), 'id', 'NaN');
  }
  for (const name of ['remove', 'removeSync', 'select']) {
    await expectRefused(() => invoke(texts, name, ['a']), 'ids', '"a"');
    await expectRefused(() => invoke(texts, name, [[1]]), 'ids[0]', '1');
    await expectRefused(() => invoke(numbers, name, [['1']]), 'ids[0]', '"1"');
    await expectRefused(() => invoke(numbers, name, [undefined]), 'ids', 'undefined');
  }
});

test('results that no memory could hold', async () => {
  const queries = new Float32Array(2000 * DIM);
  await expectRefused(() => numbers.searchBatch(queries, { k: 100_000 }), 'queries');
  expect(numbers.searchBatchSync(queries, { k: 1000 })).toHaveLength(2000);
  expect(numbersTo(2)).toHaveLength(numbers.size);
});
