/**
 * Arbitrary values into every method of the native core: it may throw an Error with a stable code, and nothing else
 * may happen. A crash would end the process, and with it this file.
 */

import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type NativeCore, native } from '../../src/native.js';
import { core, putPlain, request } from '../facade/native-core.js';
import { check, garbage, invoke, made } from './hostile.js';

function shop(): NativeCore {
  const engine = core({
    columns: [
      { name: 'price', kind: 'number' },
      { name: 'stock', kind: 'boolean' },
      { name: 'brand', kind: 'category' },
      { name: 'tags', kind: 'tags' },
    ],
    typeWeights: [1, -1],
  });
  engine.putItems(['a', 'b'], Float64Array.of(1, 2), [
    [1, true, 'x', ['t']],
    [null, null, null, null],
  ]);
  engine.addEvents(['u'], ['a'], Uint16Array.of(0), Float32Array.of(1), Float64Array.of(1));
  engine.compileFilter([{ op: 'has', column: 0 }]);
  return engine;
}

/** Arguments that are right, for each method; some of them are replaced. */
const METHODS: Readonly<Record<string, () => unknown[]>> = {
  putItems: () => [
    ['a', 'c'],
    Float64Array.of(1, 3),
    [
      [1, false, 'y', ['t', 'v']],
      [2, null, 'z', null],
    ],
  ],
  removeItems: () => [['a', 'nobody']],
  reserveItems: () => [['d'], Float64Array.of(4)],
  hasItem: () => ['a'],
  addEvents: () => [['u', 'v'], ['a', ''], Uint16Array.of(0, 1), Float32Array.of(1, -1), Float64Array.of(5, 2)],
  counts: () => [],
  history: () => ['u', 10],
  exportHistories: () => [],
  exportKeys: () => [],
  compileFilter: () => [[{ op: 'range', column: 0, min: 0, max: 1, minOpen: false, maxOpen: true }, { op: 'not' }]],
  countEligible: () => [0],
  publish: () => [null],
};

const shared = shop();
afterAll(() => shared.close());

test('every method takes any arguments', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(METHODS)),
      fc.array(fc.tuple(fc.nat({ max: 5 }), garbage), { maxLength: 3 }),
      (name, replaced) => {
        const given = METHODS[name]?.() ?? [];
        for (const [place, value] of replaced) given[place] = made(value);
        check(() => invoke(shared, name, given));
      },
    ),
    { numRuns: 4000 },
  );
  expect(shared.counts().items).toBeGreaterThanOrEqual(0);
});

test('a step of a filter, a column and a cell may be anything', () => {
  const step = fc.dictionary(fc.constantFrom('op', 'column', 'value', 'values', 'min', 'max', 'minOpen', 'maxOpen', 'count'), garbage);
  const op = fc.constantFrom('equals', 'in', 'range', 'has', 'and', 'or', 'not', 'all');
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          garbage,
          fc.tuple(op, step).map(([name, rest]) => ({ ...rest, op: name })),
        ),
        { maxLength: 5 },
      ),
      garbage,
      (steps, cell) => {
        check(() => invoke(shared, 'compileFilter', [made(steps)]));
        check(() => invoke(shared, 'putItems', [['a'], Float64Array.of(1), [[cell, cell, cell, cell].map(made)]]));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a request may be anything, and what is accepted settles', async () => {
  const fields = Object.keys(request());
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...fields), garbage), { maxLength: 3 }),
      fc.constantFrom('recommend', 'rank', 'similar'),
      fc.boolean(),
      async (replaced, mode, cancel) => {
        const given: Record<string, unknown> = { ...request({ k: 5 }), mode, items: mode === 'recommend' ? null : ['a', 'b'] };
        for (const [field, value] of replaced) given[field] = made(value);
        const call = check(() => invoke(shared, 'request', [given]));
        if (typeof call !== 'object' || call === null || !('promise' in call)) return;
        if (cancel) invoke(call, 'cancel', []);
        try {
          expect(await call.promise).toHaveProperty('ids');
        } catch (error) {
          check(() => {
            throw error;
          });
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('a core is made and found from any arguments', () => {
  fc.assert(
    fc.property(fc.constantFrom('columns', 'typeWeights', 'queueLimit', 'none'), garbage, garbage, (field, value, token) => {
      const options: Record<string, unknown> = {
        columns: [{ name: 'a', kind: 'tags' }],
        typeWeights: [1],
        queueLimit: 5,
        [field]: made(value),
      };
      for (const given of [options, made(value)]) {
        const engine = check(() => invoke(native(), 'createCore', [given]));
        if (typeof engine === 'object' && engine !== null) invoke(engine, 'close', []);
      }
      check(() => invoke(native(), 'attachCore', [made(token)]));
    }),
    { numRuns: 1500 },
  );
});

test('methods taken from a core are refused on anything else', () => {
  const engine = core();
  putPlain(engine, ['a']);
  const kind: unknown = Reflect.get(engine, 'constructor');
  if (typeof kind !== 'function') throw new Error('a core has no constructor');
  for (const given of [[], [{}], [engine], [native()]]) check((): unknown => Reflect.construct(kind, given));
  for (const receiver of [{}, null, Object.create(engine) as unknown, new Proxy(engine, {}), native()]) {
    // Node itself refuses these, with a TypeError of its own.
    expect(() => invoke(engine, 'counts', [], receiver)).toThrow(TypeError);
  }
  engine.close();
});
