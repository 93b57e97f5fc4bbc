/** Arbitrary values into every method of a native index, as garbage.test.ts does with the core. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { native } from '../../src/native.js';
import type { NativeIndex, NativeIndexOptions } from '../../src/native-vector.js';
import { check, garbage, invoke, made } from './hostile.js';

const DIM = 4;

function options(): NativeIndexOptions {
  return {
    dim: DIM,
    metric: 'cosine',
    storage: 'bf16',
    codes: 'auto',
    graph: true,
    m: 4,
    efConstruction: 10,
    seed: 1,
    strings: true,
    queueLimit: 100,
  };
}

function filled(strings: boolean): NativeIndex {
  const index = native().createIndex({ ...options(), strings });
  index.putSync(strings ? ['a', 'b'] : Float64Array.of(1, 2), Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1), 1);
  return index;
}

const texts = filled(true);
const numbers = filled(false);
const other = filled(true);
afterAll(() => {
  for (const index of [texts, numbers, other]) index.close();
});

/** Arguments that are right, for each method; some of them are replaced. */
const METHODS: Readonly<Record<string, (strings: boolean) => unknown[]>> = {
  put: (strings) => [strings ? ['a', 'c'] : Float64Array.of(1, 3), new Float32Array(2 * DIM).fill(1), 1, 0, undefined],
  putSync: (strings) => [strings ? ['a', 'c'] : Float64Array.of(1, 3), new Float32Array(2 * DIM).fill(1), 1],
  remove: (strings) => [strings ? ['c', 'nobody'] : Float64Array.of(3, -1)],
  removeSync: (strings) => [strings ? ['c', 'nobody'] : Float64Array.of(3, -1)],
  has: (strings) => [strings ? 'a' : 1],
  get: (strings) => [strings ? 'a' : 1],
  search: () => [new Float32Array(3 * DIM).fill(1), 2, 'auto', 0, 0, null, 1, 0],
  searchSync: () => [new Float32Array(DIM).fill(1), 2, 'graph', 10, 0, null, 1, 0],
  select: (strings) => [strings ? ['a', 'nobody'] : Float64Array.of(1, -1)],
  calibrate: () => [],
  figures: () => [],
};

test('every method takes any arguments, and what is accepted settles', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(METHODS)),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat({ max: 8 }), garbage), { maxLength: 3 }),
      fc.boolean(),
      async (name, strings, replaced, cancel) => {
        const given = METHODS[name]?.(strings) ?? [];
        for (const [place, value] of replaced) given[place] = made(value);
        const call = check(() => invoke(strings ? texts : numbers, name, given));
        if (typeof call !== 'object' || call === null || !('promise' in call)) return;
        if (cancel) invoke(call, 'cancel', []);
        const settled: unknown = await Promise.resolve(call.promise).catch((error: unknown) => {
          check(() => {
            throw error;
          });
        });
        if (cancel) expect(settled).toBeUndefined();
      },
    ),
    { numRuns: 5000 },
  );
  expect(texts.figures().items).toBeGreaterThan(0);
  expect(texts.searchSync(Float32Array.of(1, 2, 3, 4), 1, 'exact', 0, 0, null, 1, 0).scores[0]).toBeLessThanOrEqual(1.001);
});

test('an index is made from any options', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...Object.keys(options())), garbage), { maxLength: 3 }), garbage, (replaced, whole) => {
      const given: Record<string, unknown> = { ...options() };
      for (const [field, value] of replaced) given[field] = made(value);
      for (const one of [given, made(whole)]) {
        const index = check(() => invoke(native(), 'createIndex', [one]));
        if (typeof index === 'object' && index !== null) invoke(index, 'close', []);
      }
    }),
    { numRuns: 1500 },
  );
});

test('a selection is what select() made, of the same index, and open', () => {
  const query = new Float32Array(DIM).fill(1);
  const search = (selection: unknown): unknown => invoke(texts, 'searchSync', [query, 2, 'auto', 0, 0, selection, 1, 0]);
  const own = texts.select(['a']);
  expect(search(own)).toMatchObject({ ids: ['a'] });
  for (const wrong of [other.select(['a']), texts, {}, Object.create(own) as unknown, new Proxy(own, {}), 1]) {
    expect(() => search(wrong)).toThrow(/filter/);
  }
  own.close();
  own.close();
  expect(() => search(own)).toThrow(/closed/);
  expect(() => own.size()).toThrow(/closed/);
});

test('reading an argument may close the index', () => {
  const closing = filled(true);
  const ids = ['a', 'b'];
  Object.defineProperty(ids, 0, {
    get: () => {
      closing.close();
      return 'a';
    },
  });
  check(() => closing.putSync(ids, new Float32Array(2 * DIM).fill(1), 1));
  check(() => closing.putSync(ids, new Float32Array(2 * DIM).fill(1), 1));
  expect(() => closing.figures()).toThrow(/closed/);
});

test('reading an argument may detach another', () => {
  const vectors = new Float32Array(2 * DIM).fill(1);
  const ids = ['a', 'b'];
  Object.defineProperty(ids, 0, {
    get: () => {
      structuredClone(vectors, { transfer: [vectors.buffer] });
      return 'a';
    },
  });
  expect(() => texts.putSync(ids, vectors, 1)).toThrow(/vectors/);
});

test('methods taken from an index are refused on anything else', () => {
  const kind: unknown = Reflect.get(texts, 'constructor');
  if (typeof kind !== 'function') throw new Error('an index has no constructor');
  for (const given of [[], [{}], [texts], [native()], [texts.select([])]]) {
    let refused: unknown;
    check(() => {
      refused = null;
      refused = Reflect.construct(kind, given);
    });
    expect(refused).toBeNull();
  }
  for (const receiver of [{}, null, Object.create(texts) as unknown, new Proxy(texts, {}), native()]) {
    // Node itself refuses these, with a TypeError of its own.
    expect(() => invoke(texts, 'figures', [], receiver)).toThrow(TypeError);
  }
});

test('handles that nobody closed are collected, before there is no room for others', async () => {
  for (let i = 0; i < 1500; i++) {
    const index = filled(i % 2 === 0);
    index.select(i % 2 === 0 ? ['a'] : Float64Array.of(1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(filled(true).figures().items).toBe(2);
});

test('files are opened and written by paths alone, whatever is given', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kairank-garbage-'));
  try {
    const path = join(folder, 'index');
    await texts.save(path).promise;
    const wrong = ['', 'a\0b', folder, join(folder, 'no', 'such', 'folder'), 'x'.repeat(5000), null, undefined, 7, {}];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom<unknown>(path, ...wrong), garbage),
        fc.oneof(fc.boolean(), garbage),
        fc.oneof(fc.constant(100), garbage),
        async (...given) => {
          const values = given.map(made);
          // Only what cannot be a path: a file of any other name would stay behind.
          const target = typeof values[0] === 'string' && !wrong.includes(values[0]) ? '' : values[0];
          for (const start of [() => invoke(native(), 'openIndex', values), () => invoke(texts, 'save', [target])]) {
            const call = check(start);
            if (typeof call !== 'object' || call === null || !('promise' in call)) continue;
            const opened: unknown = await Promise.resolve(call.promise).catch((error: unknown) => {
              check(() => {
                throw error;
              });
            });
            if (typeof opened === 'object' && opened !== null && 'close' in opened) invoke(opened, 'close', []);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(readdirSync(folder)).toEqual(['index']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
