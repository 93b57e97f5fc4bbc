/** kairank/vector against brute force in doubles. */

import { describe, expect, test } from 'vitest';
import { type Codes, type Metric, type Storage, VectorIndex } from '../../src/vector/index.js';
import { bruteForce, clustered, expectExact, expectTrueScores, gaussian, numbersTo, recallOf, rowOf } from './vectors.js';

const METRICS: readonly Metric[] = ['dot', 'cosine', 'l2'];
const STORAGES: readonly Storage[] = ['f32', 'bf16', 'int8'];
const K = 10;

describe.each([1, 3, 17, 64, 100, 128, 300])('%i dimensions', (dim) => {
  const n = 700;
  const vectors = gaussian(n, dim, dim);
  const queries = gaussian(12, dim, dim + 1);
  const ids = numbersTo(n);

  test.each(METRICS)('%s: exact search is brute force, and the graph finds nearly all of it', (metric) => {
    for (const storage of STORAGES) {
      for (const codes of dim < 64 ? (['auto', 'int8'] as const) : (['auto', 'int8', 'int4'] as const)) {
        using index = new VectorIndex({ dim, metric, storage, codes, efConstruction: 80, ids: 'number' });
        expect(index.putSync(ids, vectors, { threads: 1 })).toEqual({ added: n, replaced: 0 });
        let found = 0;
        for (let i = 0; i < 12; i++) {
          const query = rowOf(queries, i, dim);
          const truth = bruteForce(index, query, ids);
          const exact = index.searchSync(query, { k: K, index: 'exact' });
          expect(exact.index).toBe('exact');
          expectExact(exact, truth, K);
          const graph = index.searchSync(query, { k: K, index: 'graph', efSearch: 100 });
          expect(graph.index).toBe('graph');
          expect(graph.efSearch).toBe(100);
          expectTrueScores(graph, truth, K);
          found += recallOf(graph, truth, K);
          expectTrueScores(index.searchSync(query), truth, K);
        }
        expect(found / 12, `${metric} ${storage} ${codes}`).toBeGreaterThan(0.93);
      }
    }
  });

  test.each(METRICS)('%s: what is kept is what was put, as far as the storage goes', (metric) => {
    for (const [storage, relative, absolute] of [
      ['f32', 2 ** -23, 0],
      ['bf16', 2 ** -8, 0],
      ['int8', 2 ** -23, 0.51 / 127],
    ] as const) {
      using index = new VectorIndex({ dim, metric, storage, graph: false });
      index.putSync(['a'], rowOf(vectors, 0, dim));
      const given = [...rowOf(vectors, 0, dim)];
      const length = metric === 'cosine' ? Math.hypot(...given) : 1;
      const largest = Math.max(...given.map(Math.abs)) / length;
      const kept = index.get('a') ?? [];
      expect(kept).toHaveLength(dim);
      for (const [d, value] of kept.entries()) {
        const wanted = (given[d] ?? 0) / length;
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(relative * Math.abs(wanted) + absolute * largest);
      }
    }
  });
});

describe('unusual sets of vectors', () => {
  const dim = 24;

  test('an index without rows, and one with a single row', async () => {
    for (const metric of METRICS) {
      for (const graph of [true, false]) {
        using index = new VectorIndex({ dim, metric, graph });
        const query = gaussian(1, dim, 1);
        const nothing = { ids: [], scores: new Float32Array(0), index: 'exact', efSearch: 0, underfilled: true };
        expect(index.searchSync(query)).toEqual(nothing);
        expect(await index.search(query, { index: graph ? 'graph' : 'exact' })).toEqual(nothing);
        expect(await index.calibrate()).toEqual([]);
        expect(await index.searchBatch(new Float32Array(0))).toEqual([]);
        expect(await index.put([], new Float32Array(0))).toEqual({ added: 0, replaced: 0 });
        expect(index.size).toBe(0);
        index.putSync(['one'], query);
        for (const path of graph ? (['auto', 'exact', 'graph'] as const) : (['auto', 'exact'] as const)) {
          expectExact(index.searchSync(query, { k: 3, index: path }), bruteForce(index, query, ['one']), 3);
        }
      }
    }
  });

  test('equal vectors, vectors of zeros, and k beyond the rows', () => {
    const n = 400;
    const same = rowOf(gaussian(1, dim, 2), 0, dim);
    const sets: [string, Float32Array][] = [
      ['all equal', Float32Array.from({ length: n * dim }, (_, i) => same[i % dim] ?? 0)],
      ['all zero', new Float32Array(n * dim)],
      ['one in three zero', gaussian(n, dim, 3).map((value, i) => (Math.trunc(i / dim) % 3 === 0 ? 0 : value))],
      [
        'of five vectors',
        Float32Array.from({ length: n * dim }, (_, i) => gaussian(5, dim, 4)[(Math.trunc(i / dim) % 5) * dim + (i % dim)] ?? 0),
      ],
      ['tiny', gaussian(n, dim, 5).map((value) => value * 1e-18)],
      ['huge', gaussian(n, dim, 6).map((value) => value * 1e13)],
    ];
    const ids = numbersTo(n);
    for (const [name, vectors] of sets) {
      for (const metric of METRICS) {
        for (const codes of ['int8', 'int4'] as const satisfies Codes[]) {
          using index = new VectorIndex({ dim, metric, codes, efConstruction: 40, ids: 'number' });
          index.putSync(ids, vectors);
          for (const query of [rowOf(vectors, 1, dim), gaussian(1, dim, 7), new Float32Array(dim)]) {
            const truth = bruteForce(index, query, ids);
            for (const k of [1, 10, n, n + 5]) {
              expectExact(index.searchSync(query, { k, index: 'exact' }), truth, k);
              expectTrueScores(index.searchSync(query, { k, index: 'graph' }), truth, k);
            }
          }
          expect(index.size, name).toBe(n);
        }
      }
    }
  });
});

describe('ids', () => {
  const dim = 8;
  const vectors = gaussian(4, dim, 10);

  test('strings: any well-formed ones', () => {
    using index = new VectorIndex({ dim });
    const ids = ['é', '日本', '𝒳', 'x'.repeat(512)];
    index.putSync(ids, vectors);
    expect(new Set(index.searchSync(rowOf(vectors, 0, dim)).ids)).toEqual(new Set(ids));
    expect(index.has('日本')).toBe(true);
    expect(index.has('日')).toBe(false);
    expect(index.get('nobody')).toBeUndefined();
  });

  test.each([
    ['an array', [1.5, -2, 1e300, 0]],
    ['a Float64Array', Float64Array.of(1.5, -2, 1e300, 0)],
    ['a Uint32Array', Uint32Array.of(1, 2, 4294967295, 0)],
  ])('numbers: %s', (_, ids) => {
    using index = new VectorIndex({ dim, ids: 'number' });
    index.putSync(ids, vectors);
    expect([...index.searchSync(rowOf(vectors, 0, dim)).ids].sort()).toEqual([...ids].sort());
    expect(index.has(-0)).toBe(true);
    expect(index.removeSync(ids)).toBe(4);
  });

  test('of equal ids in one call the last counts', async () => {
    using index = new VectorIndex({ dim });
    expect(await index.put(['a', 'b', 'a', 'a'], vectors)).toEqual({ added: 2, replaced: 2 });
    expect(index.size).toBe(2);
    const result = index.searchSync(rowOf(vectors, 3, dim), { k: 1 });
    expect(result.ids).toEqual(['a']);
    expect(result.scores[0]).toBeCloseTo(1, 6);
  });
});

describe('alive', () => {
  const dim = 32;
  const n = 3000;
  const vectors = clustered(n, dim, 40, 20);
  const ids = numbersTo(n).map((i) => `id${i}`);

  test.each([true, false])('replaces and removes, with a graph: %s', async (graph) => {
    using index = new VectorIndex({ dim, graph, efConstruction: 60 });
    await index.put(ids, vectors);
    const others = clustered(n, dim, 40, 30);
    const half = ids.filter((_, i) => i % 2 === 0);
    const replaced = Float32Array.from({ length: half.length * dim }, (_, i) => others[Math.trunc(i / dim) * 2 * dim + (i % dim)] ?? 0);
    expect(await index.put(half, replaced)).toEqual({ added: 0, replaced: half.length });
    const gone = ids.filter((_, i) => i % 3 === 0);
    expect(await index.remove([...gone, 'nobody'])).toBe(gone.length);
    expect(await index.remove(gone)).toBe(0);
    const left = ids.filter((_, i) => i % 3 !== 0);
    expect(index.size).toBe(left.length);
    let found = 0;
    for (let i = 0; i < 30; i++) {
      const query = rowOf(others, i * 50, dim);
      const truth = bruteForce(index, query, left);
      expectExact(index.searchSync(query, { index: 'exact' }), truth, K);
      if (!graph) continue;
      const walked = index.searchSync(query, { index: 'graph', efSearch: 100 });
      expectTrueScores(walked, truth, K);
      found += recallOf(walked, truth, K) / 30;
    }
    if (graph) expect(found).toBeGreaterThan(0.9);
    expect(await index.put(gone, new Float32Array(gone.length * dim).fill(1))).toEqual({ added: gone.length, replaced: 0 });
    expect(index.stats.items).toBe(n);
  });

  test('writes happen in the order of their calls, from buffers that may be used again', async () => {
    using index = new VectorIndex({ dim: 2, metric: 'dot', ids: 'number' });
    const buffer = new Float32Array(2);
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i++) {
      buffer.fill(i);
      writes.push(index.put([7], buffer));
      if (i % 10 === 9) writes.push(index.remove([7]));
    }
    buffer.fill(1000);
    writes.push(index.put([7], buffer));
    const results = await Promise.all(writes);
    expect(results.filter((result) => result === 1)).toHaveLength(20);
    expect(index.get(7)).toEqual(Float32Array.of(1000, 1000));
  });

  test('searches while it is written to find what is there, before or after', async () => {
    using index = new VectorIndex({ dim, metric: 'l2', ids: 'number', efConstruction: 60 });
    await index.put(numbersTo(1000), vectors.subarray(0, 1000 * dim));
    const later = vectors.subarray(1000 * dim, 2000 * dim);
    const writing = [
      index.put(numbersTo(1000), later), // replaces all of them
      index.put(
        numbersTo(1000).map((i) => i + 1000),
        vectors.subarray(2000 * dim),
      ),
    ];
    let open = true;
    const written = Promise.all(writing).finally(() => {
      open = false;
    });
    let searches = 0;
    while (open || searches === 0) {
      const query = rowOf(vectors, (searches * 31) % n, dim);
      const results = await Promise.all((['exact', 'graph', 'auto'] as const).map((path) => index.search(query, { k: 20, index: path })));
      for (const result of results) {
        expect(new Set(result.ids).size).toBe(20);
        for (const [rank, id] of result.ids.entries()) {
          const versions = id < 1000 ? [id, id + 1000] : [id + 1000];
          const distances = versions.map((row) => distance(query, rowOf(vectors, row, dim)));
          const off = Math.min(...distances.map((d) => Math.abs(d + (result.scores[rank] ?? 0))));
          expect(off).toBeLessThan(1e-3);
        }
      }
      searches++;
    }
    await written;
    const query = rowOf(vectors, 5, dim);
    expectExact(index.searchSync(query, { index: 'exact' }), bruteForce(index, query, numbersTo(2000)), K);
  });
});

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, d) => sum + (value - (b[d] ?? 0)) ** 2, 0);
}
