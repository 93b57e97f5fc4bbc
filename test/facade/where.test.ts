import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSchema, defineCatalog, type Schema, toRecord } from '../../src/catalog/schema.js';
import { compileWhere, MAX_STEPS } from '../../src/catalog/where.js';
import { Engine } from '../../src/index.js';

const catalog = defineCatalog({ fields: { price: 'number', inStock: 'boolean', brand: 'category', colours: 'tags', title: 'text' } });
const schema: Schema = compileSchema(toRecord(catalog));

describe('compileWhere', () => {
  it('writes postfix steps', () => {
    expect(compileWhere(schema, { price: { gte: 5, lt: 20 }, or: [{ brand: 'acme' }, { colours: { has: 'red' } }] })).toEqual([
      { op: 'range', column: 0, min: 5, max: 20, minOpen: false, maxOpen: true },
      { op: 'equals', column: 2, value: 'acme' },
      { op: 'equals', column: 3, value: 'red' },
      { op: 'or', count: 2 },
      { op: 'and', count: 2 },
    ]);
    expect(compileWhere(schema, {})).toEqual([{ op: 'all' }]);
    expect(compileWhere(schema, { or: [] })).toEqual([{ op: 'all' }, { op: 'not' }]);
    expect(compileWhere(schema, { not: { brand: { exists: false } } })).toEqual([{ op: 'has', column: 2 }, { op: 'not' }, { op: 'not' }]);
  });

  it.each([
    [{ pirce: 1 }, 'KAIRANK_UNKNOWN_FIELD', 'pirce'],
    [{ title: 'x' }, 'KAIRANK_INVALID_ARGUMENT', 'title'],
    [{ price: 'cheap' }, 'KAIRANK_INVALID_ARGUMENT', 'price'],
    [{ price: Number.NaN }, 'KAIRANK_INVALID_ARGUMENT', 'price'],
    [{ price: { gte: Number.POSITIVE_INFINITY } }, 'KAIRANK_INVALID_ARGUMENT', 'price.gte'],
    [{ price: { about: 3 } }, 'KAIRANK_INVALID_ARGUMENT', 'price.about'],
    [{ price: {} }, 'KAIRANK_INVALID_ARGUMENT', 'price'],
    [{ price: null }, 'KAIRANK_INVALID_ARGUMENT', 'price'],
    [{ price: { in: [1, '2'] } }, 'KAIRANK_INVALID_ARGUMENT', 'price.in[1]'],
    [{ inStock: 'yes' }, 'KAIRANK_INVALID_ARGUMENT', 'inStock'],
    [{ brand: { gte: 'a' } }, 'KAIRANK_INVALID_ARGUMENT', 'brand.gte'],
    [{ colours: ['red'] }, 'KAIRANK_INVALID_ARGUMENT', 'colours'],
    [{ or: { brand: 'a' } }, 'KAIRANK_INVALID_ARGUMENT', 'or'],
    [{ and: [{ brand: 'a' }, { or: [{ size: 3 }] }] }, 'KAIRANK_UNKNOWN_FIELD', 'and[1].or[0].size'],
    ['brand', 'KAIRANK_INVALID_ARGUMENT', 'where'],
    [null, 'KAIRANK_INVALID_ARGUMENT', 'where'],
  ])('refuses %j', (where, code, path) => {
    const field: unknown = expect.stringContaining(path);
    expect(() => compileWhere(schema, where)).toThrowError(
      expect.objectContaining({ code, field, message: expect.stringContaining(path) as string }),
    );
  });

  it('bounds depth, width and cycles', () => {
    const cycle: { and: unknown[] } = { and: [] };
    cycle.and.push(cycle, cycle);
    expect(() => compileWhere(schema, cycle)).toThrowError(expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' }));
    const wide = { or: Array.from({ length: MAX_STEPS + 1 }, () => ({ brand: 'a' })) };
    expect(() => compileWhere(schema, wide)).toThrowError(expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' }));
  });

  it('never throws anything but a KairankError', () => {
    fc.assert(
      fc.property(fc.anything(), (where) => {
        try {
          compileWhere(schema, where);
        } catch (error) {
          expect(error).toMatchObject({ name: 'KairankError' });
        }
      }),
    );
  });
});

interface Thing {
  id: string;
  price?: number;
  inStock?: boolean;
  brand?: string;
  colours?: string[];
}
type Tree = Record<string, unknown>;

/** What `where` means, said a second time and plainly. */
function holds(item: Thing, where: Tree): boolean {
  return Object.entries(where).every(([name, condition]) => {
    if (name === 'and') return (condition as Tree[]).every((part) => holds(item, part));
    if (name === 'or') return (condition as Tree[]).some((part) => holds(item, part));
    if (name === 'not') return !holds(item, condition as Tree);
    const value = item[name as keyof Thing];
    if (typeof condition !== 'object') return Array.isArray(value) ? value.some((tag) => tag === condition) : value === condition;
    const present = Array.isArray(value) ? value.length > 0 : value !== undefined;
    return Object.entries(condition as Tree).every(([word, wanted]) => {
      if (word === 'exists') return present === wanted;
      if (!present) return false;
      const list = Array.isArray(value) ? value : [value];
      if (word === 'equals' || word === 'has') return list.includes(wanted as never);
      if (word === 'in') return (wanted as unknown[]).some((one) => list.includes(one as never));
      if (word === 'all') return (wanted as unknown[]).every((one) => list.includes(one as never));
      const [number, bound] = [value as number, wanted as number];
      return { gte: number >= bound, gt: number > bound, lte: number <= bound, lt: number < bound }[word] ?? false;
    });
  });
}

const price = fc.integer({ min: -3, max: 3 }).map((n) => n / 2);
const brand = fc.constantFrom('acme', 'globex', 'initech', 'nobody');
const colour = fc.constantFrom('red', 'green', 'blue', 'none');
const some = <T>(word: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(word, { maxLength: 3 });
const conditions = fc.oneof(
  fc.record({ price }),
  fc.record({ price: fc.record({ gte: price, gt: price, lte: price, lt: price }, { requiredKeys: [] }) }),
  fc.record({ price: fc.record({ in: some(price) }) }),
  fc.record({ price: fc.record({ exists: fc.boolean() }) }),
  fc.record({ inStock: fc.boolean() }),
  fc.record({ inStock: fc.record({ exists: fc.boolean() }) }),
  fc.record({ brand }),
  fc.record({ brand: fc.record({ in: some(brand) }) }),
  fc.record({ colours: colour }),
  fc.record({ colours: fc.record({ all: some(colour).filter((list) => list.length > 0) }) }),
  fc.record({ colours: fc.record({ in: some(colour), exists: fc.boolean() }) }),
  fc.record({ price: fc.record({ lt: price }), brand }),
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    conditions as fc.Arbitrary<Tree>,
    fc.record({ and: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ not: tie('tree') }),
  ),
}));
const empty = (where: Tree): boolean =>
  Object.entries(where).some(([name, value]) =>
    name === 'and' || name === 'or'
      ? (value as Tree[]).some(empty)
      : name === 'not'
        ? empty(value as Tree)
        : typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  );

describe('where, in the core', () => {
  const things: Thing[] = fc
    .sample(
      fc.record(
        { price, inStock: fc.boolean(), brand: brand.filter((b) => b !== 'nobody'), colours: some(colour.filter((c) => c !== 'none')) },
        { requiredKeys: [] },
      ),
      { numRuns: 150, seed: 7 },
    )
    .map((fields, index) => ({ id: `i${index}`, ...fields }));
  let engine: Engine<typeof catalog.fields>;
  beforeAll(async () => {
    engine = await Engine.open(null, { catalog });
    await engine.items.put(things);
    await engine.items.remove(things.slice(0, 10).map(({ id }) => id));
  });
  afterAll(() => engine.close());

  it('lets through exactly the items for which it holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        tree.filter((where) => !empty(where)),
        async (where) => {
          const { items } = await engine.recommend({ user: 'nobody', k: 1000, where });
          const wanted = things.slice(10).filter((item) => holds(item, where));
          expect(items.map(({ id }) => id).sort()).toEqual(wanted.map(({ id }) => id).sort());
        },
      ),
      { numRuns: 300 },
    );
  });

  it('still answers after more filters than the core keeps', async () => {
    const ask = async (bound: number): Promise<number> =>
      (await engine.recommend({ user: 'nobody', k: 1000, where: { price: { gte: bound, exists: true } } })).items.length;
    const first = await ask(0);
    for (let index = 1; index <= 3000; index++) await ask(index / 1000);
    expect(await ask(0)).toBe(first);
  });
});
