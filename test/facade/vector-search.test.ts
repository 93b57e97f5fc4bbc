/** Searching with kairank/vector: within selections, in batches, at a target recall, and ending early. */

import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { native } from '../../src/native.js';
import { type SearchResult, VectorIndex } from '../../src/vector/index.js';
import { codeOf } from './native-core.js';
import { bruteForce, clustered, expectExact, expectTrueScores, numbersTo, recallOf, rowOf, uniform } from './vectors.js';

const K = 10;
const DIM = 48;
const N = 10_000;
const PATHS = ['auto', 'exact', 'graph'] as const;
const vectors = clustered(N, DIM, 100, 1);
const queries = clustered(300, DIM, 100, 1).map((value, i) => value + (vectors[i + 7 * DIM] ?? 0) / 3);
const ids = numbersTo(N);
let index: VectorIndex<number>;

beforeAll(async () => {
  index = new VectorIndex({ dim: DIM, ids: 'number', efConstruction: 80 });
  await index.put(ids, vectors);
});
afterAll(() => index.close());

function shuffled(seed: number): number[] {
  const next = uniform(seed);
  return ids
    .map((id) => [next(), id] as const)
    .sort(([a], [b]) => a - b)
    .map(([, id]) => id);
}

describe('selections', () => {
  test.each([1, 9, 10, 100, 1000, 5000, 9999, N])('of %i of 10,000 ids', async (size) => {
    const chosen = shuffled(size).slice(0, size);
    using selection = index.select(chosen);
    expect(selection.size).toBe(size);
    const found = { auto: 0, exact: 0, graph: 0 };
    const rounds = 10;
    for (let i = 0; i < rounds; i++) {
      const query = rowOf(queries, i * 11, DIM);
      const truth = bruteForce(index, query, chosen);
      for (const path of PATHS) {
        const result = await index.search(query, { index: path, filter: selection });
        expectTrueScores(result, truth, K);
        if (result.index === 'exact') expectExact(result, truth, K);
        found[path] += recallOf(result, truth, K) / rounds;
      }
    }
    expect(found.exact).toBeCloseTo(1, 9);
    expect(Math.min(found.auto, found.graph)).toBeGreaterThan(0.9);
  });

  test('follow their ids', async () => {
    using small = new VectorIndex({ dim: 2, metric: 'dot' });
    const put = (id: string, x: number): Promise<unknown> => small.put([id], Float32Array.of(x, 0));
    const find = (): string[] => small.searchSync(Float32Array.of(1, 0), { filter: selection }).ids;
    await Promise.all([put('a', 1), put('b', 2), put('c', 3)]);
    const selection = small.select(['a', 'b', 'nobody', 'a']);
    expect(selection.size).toBe(2);
    expect(find()).toEqual(['b', 'a']);
    await put('a', 5);
    expect(find()).toEqual(['a', 'b']);
    await small.remove(['b']);
    await put('b', 9);
    await put('nobody', 9);
    expect(find()).toEqual(['a']);
    expect(selection.size).toBe(1);
    selection.close();
    selection.close();
    expect(codeOf(caught(find))).toBe('KAIRANK_CLOSED');
    expect(codeOf(caught(() => selection.size))).toBe('KAIRANK_CLOSED');
  });

  test('are of one index', () => {
    using other = new VectorIndex({ dim: DIM, ids: 'number' });
    using selection = other.select([]);
    expect(caught(() => index.searchSync(rowOf(queries, 0, DIM), { filter: selection }))).toMatchObject({
      code: 'KAIRANK_INVALID_ARGUMENT',
      field: 'filter',
      expected: 'a selection of this index',
      received: 'one of another',
    });
  });
});

describe('ways to ask', () => {
  const comparable = (results: readonly SearchResult<number>[]): unknown[] => results.map(({ ids, index: path }) => ({ ids, path }));

  test.each(['exact', 'graph'] as const)('%s: alone, gathered, in a batch, on threads, now or later: the same', async (path) => {
    const options = { index: path, k: 7, efSearch: 60 };
    const rows = numbersTo(300).map((i) => rowOf(queries, i, DIM));
    const alone = comparable(rows.map((query) => index.searchSync(query, options)));
    expect(comparable(await Promise.all(rows.map((query) => index.search(query, options))))).toEqual(alone);
    expect(comparable(index.searchBatchSync(queries, { ...options, threads: 1 }))).toEqual(alone);
    expect(comparable(await index.searchBatch(queries, { ...options, threads: 3 }))).toEqual(alone);
    expect(comparable(await index.searchBatch(queries, options))).toEqual(alone);
  });

  test("results are the caller's own", async () => {
    const [first, second] = await index.searchBatch(queries.subarray(0, 2 * DIM));
    const before = [...(second?.scores ?? [])];
    first?.scores.fill(0);
    expect([...(second?.scores ?? [])]).toEqual(before);
    expect(second?.scores.buffer).not.toBe(first?.scores.buffer);
  });

  test('queries may be used again as soon as the call returns', async () => {
    const buffer = rowOf(queries, 3, DIM).slice();
    const wanted = index.searchSync(buffer, { index: 'exact' }).ids;
    const pending = index.search(buffer, { index: 'exact' });
    buffer.fill(0);
    expect((await pending).ids).toEqual(wanted);
  });

  test('a build of one thread and one of four are the same index', async () => {
    const options = { dim: DIM, ids: 'number', efConstruction: 40, seed: 3 } as const;
    const some = vectors.subarray(0, 2000 * DIM);
    using one = new VectorIndex(options);
    using four = new VectorIndex(options);
    one.putSync(numbersTo(2000), some, { threads: 1 });
    await four.put(numbersTo(2000), some, { threads: 4 });
    const search = { index: 'graph', efSearch: 12 } as const;
    expect(one.searchBatchSync(queries, search)).toEqual(four.searchBatchSync(queries, search));
  });
});

test('a target recall is reached, and calibration says how', async () => {
  const points = await index.calibrate();
  expect(points.length).toBeGreaterThan(1);
  for (const [i, { efSearch, recall }] of points.entries()) {
    expect(efSearch).toBeGreaterThan(points[i - 1]?.efSearch ?? 0);
    expect(recall).toBeGreaterThanOrEqual(points[i - 1]?.recall ?? 0);
    expect(recall).toBeLessThanOrEqual(1);
  }
  const rounds = 60;
  for (const recall of [0.8, 0.95]) {
    let found = 0;
    for (let i = 0; i < rounds; i++) {
      const query = rowOf(queries, i * 5, DIM);
      const result = await index.search(query, { index: 'graph', recall });
      expect(result.index).toBe('graph');
      found += recallOf(result, bruteForce(index, query, ids), K) / rounds;
    }
    expect(found).toBeGreaterThan(recall - 0.06);
  }
});

function caught(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function rejected(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it was not rejected');
    },
    (error: unknown) => error,
  );
}

describe('ending early', () => {
  const many = Float32Array.from({ length: 30_000 * DIM }, (_, i) => queries[i % queries.length] ?? 0);
  const slow = { index: 'exact', k: 100 } as const;

  test('a signal takes a call back, before or after it began', async () => {
    const reason = new Error('enough');
    expect(await rejected(index.search(queries.subarray(0, DIM), { signal: AbortSignal.abort(reason) }))).toMatchObject({
      code: 'KAIRANK_ABORTED',
      cause: reason,
    });
    const controller = new AbortController();
    const searching = index.searchBatch(many, { ...slow, signal: controller.signal });
    using other = new VectorIndex({ dim: DIM, ids: 'number' });
    const putting = other.put(ids, vectors, { signal: controller.signal });
    const waiting = other.put(ids, vectors, { signal: controller.signal });
    const after = other.put([-1], vectors.subarray(0, DIM));
    setImmediate(() => controller.abort(reason));
    for (const call of [searching, putting, waiting]) {
      expect(await rejected(call)).toMatchObject({ code: 'KAIRANK_ABORTED', cause: reason });
    }
    expect(await after).toEqual({ added: 1, replaced: 0 });
    expect(other.size).toBeLessThan(N);
    const query = rowOf(queries, 0, DIM);
    const put = ids.filter((id) => other.has(id)).concat(-1);
    expectExact(other.searchSync(query, { index: 'exact' }), bruteForce(other, query, put), K);
  });

  test('a deadline passes', async () => {
    using other = new VectorIndex({ dim: DIM, ids: 'number' });
    for (const error of [
      await rejected(index.searchBatch(many, { ...slow, deadline: 1 })),
      caught(() => index.searchBatchSync(many, { ...slow, deadline: 1 })),
      await rejected(other.put(ids, vectors, { deadline: 1 })),
    ]) {
      expect(codeOf(error)).toBe('KAIRANK_DEADLINE_EXCEEDED');
    }
    expect((await index.search(queries.subarray(0, DIM), { deadline: 60_000 })).ids).toHaveLength(K);
  });

  test('too many calls are refused, and the others answered', async () => {
    const small = native().createIndex({ ...index.stats, codes: 'auto', seed: 1, strings: false, queueLimit: 1 });
    small.putSync(Float64Array.from(ids), vectors, 0);
    const calls = numbersTo(availableParallelism() + 5).map(async () => {
      const { promise } = small.search(many.subarray(0, 2000 * DIM), 10, 'exact', 0, 0, null, 1, 0);
      return (await promise).counts.length;
    });
    const settled = await Promise.allSettled(calls);
    const refused = settled.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(codeOf(one.reason)).toBe('KAIRANK_OVERLOADED');
    for (const one of settled) if (one.status === 'fulfilled') expect(one.value).toBe(2000);
    small.close();
  });

  test('closing lets calls in flight finish, and refuses others', async () => {
    const closing = new VectorIndex({ dim: DIM, ids: 'number', graph: false });
    await closing.put(ids, vectors);
    const selection = closing.select([1, 2]);
    const inFlight = [closing.searchBatch(many.subarray(0, 500 * DIM)), closing.put([-1], vectors.subarray(0, DIM)), closing.remove([3])];
    closing.close();
    closing.close();
    expect(await Promise.all(inFlight)).toMatchObject([{ length: 500 }, { added: 1 }, 1]);
    const query = queries.subarray(0, DIM);
    for (const error of [
      await rejected(closing.search(query)),
      await rejected(closing.searchBatch(query)),
      await rejected(closing.put([1], query)),
      await rejected(closing.remove([1])),
      await rejected(closing.calibrate()),
      caught(() => closing.searchSync(query)),
      caught(() => closing.searchBatchSync(query)),
      caught(() => closing.putSync([1], query)),
      caught(() => closing.removeSync([1])),
      caught(() => closing.has(1)),
      caught(() => closing.get(1)),
      caught(() => closing.select([1])),
      caught(() => closing.size),
      caught(() => closing.stats),
    ]) {
      expect(codeOf(error)).toBe('KAIRANK_CLOSED');
    }
    selection.close();
  });

  test('what a listener throws ends the put, and is what it rejects with', async () => {
    using other = new VectorIndex({ dim: DIM, ids: 'number' });
    const mine = new Error('mine');
    const onProgress = (): never => {
      throw mine;
    };
    expect(await rejected(other.put(ids, vectors, { onProgress }))).toBe(mine);
    const told: { done: number; total: number }[] = [];
    await other.put(ids, vectors, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ done: N, total: N });
    for (const [i, { done }] of told.entries()) expect(done).toBeGreaterThanOrEqual(told[i - 1]?.done ?? 0);
  });
});
