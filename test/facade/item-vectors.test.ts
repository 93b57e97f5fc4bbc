import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileSchema, growCatalog, toRecord, withVectorField } from '../../src/catalog/schema.js';
import { compileWhere } from '../../src/catalog/where.js';
import { defineCatalog, Engine } from '../../src/index.js';
import { storedCatalog } from '../../src/opening.js';
import { FolderStore } from '../../src/store/folder.js';
import { joinItem } from '../../src/store/item-vectors.js';
import { parseSettings } from '../../src/store/settings.js';

const catalog = defineCatalog({ fields: { image: { kind: 'vector', dim: 3 }, title: 'text', price: 'number' } });
type Shop = typeof catalog.fields;
const none = { own: [], weights: {} };

let dir: string;
const opened: { close(): Promise<void> }[] = [];
async function open(where: string | null = dir): Promise<Engine<Shop>> {
  const engine = await Engine.open<Shop>(where, { catalog });
  opened.push(engine);
  return engine;
}
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'kairank-vectors-')), 'shop');
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});
const fails = (code: string, field: string): unknown => expect.objectContaining({ name: 'KairankError', code, field });

describe('a vector field', () => {
  it.each([
    ['fields.image', 'vector'],
    ['fields.image.dim', { kind: 'vector' }],
    ['fields.image.dim', { kind: 'vector', dim: 0 }],
    ['fields.image.dim', { kind: 'vector', dim: 4097 }],
    ['fields.image.dim', { kind: 'vector', dim: 2.5 }],
    ['fields.image.dim', { kind: 'vector', dim: '3' }],
    ['fields.image.dim', { kind: 'number', dim: 3 }],
  ])('is refused at %s for %j', (field, image) => {
    expect(() => defineCatalog({ fields: { image } } as never)).toThrowError(fails('KAIRANK_INVALID_SCHEMA', field));
  });

  it('says what a vector without its dim lacks', () => {
    expect(() => defineCatalog({ fields: { image: 'vector' } } as never)).toThrowError(/dim: 512/);
  });

  it('has no native column, and cannot be filtered by', () => {
    const schema = compileSchema(toRecord(catalog));
    expect(schema.columns).toEqual([{ name: 'price', kind: 'number' }]);
    for (const condition of [[1, 2, 3], { exists: true }, 3]) {
      expect(() => compileWhere(schema, { image: condition })).toThrowError(/where\.image|a vector field cannot/);
    }
    expect(() => compileWhere(schema, { title: 'x' })).toThrowError(/a text field cannot/);
  });

  it('keeps its dim: another is refused by name, a new field may join', () => {
    const stored = toRecord(catalog);
    expect(stored.fields[0]).toEqual({ name: 'image', kind: 'vector', required: false, dim: 3 });
    const wider = toRecord(defineCatalog({ fields: { ...catalog.fields, image: { kind: 'vector', dim: 4 } } }));
    expect(() => growCatalog(stored, wider)).toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'catalog.fields.image.dim'));
    expect(toRecord(withVectorField(catalog, 'text', 5)).fields.at(-1)).toEqual({ name: 'text', kind: 'vector', required: false, dim: 5 });
    expect(withVectorField(catalog, 'image', 3)).toMatchObject({ fields: catalog.fields, title: 'title' });
    expect(() => withVectorField(catalog, 'image', 4)).toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'catalog.fields.image.dim'));
    expect(() => withVectorField(catalog, 'title', 4)).toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'catalog.fields.title'));
    expect(() => withVectorField(catalog, 'and', 4)).toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'fields.and'));
  });
});

describe.each(['a folder', 'memory'])('items.put in %s', (place) => {
  const engineIn = (): Promise<Engine<Shop>> => open(place === 'memory' ? null : dir);

  it('takes arrays of both kinds, copies, and returns copies', async () => {
    const engine = await engineIn();
    const own = Float32Array.of(1, 2, 3);
    const putting = engine.items.put([
      { id: 'a', image: own, title: 'A' },
      { id: 'b', image: [0.1, -0, 3.4e38] },
      { id: 'c', image: null },
    ]);
    own.fill(9);
    await putting;
    const { fields } = await engine.items.get('a');
    expect(fields).toEqual({ image: Float32Array.of(1, 2, 3), title: 'A' });
    fields.image?.fill(7);
    expect((await engine.items.get('a')).fields.image).toEqual(Float32Array.of(1, 2, 3));
    expect((await engine.items.get('b')).fields).toEqual({ image: Float32Array.of(0.1, -0, 3.4e38) });
    expect((await engine.items.get('c')).fields).toEqual({});
    await engine.items.put({ id: 'a', title: 'A again' });
    expect((await engine.items.get('a')).fields).toEqual({ title: 'A again' });
  });

  it('returns vectors with answers on request, as copies', async () => {
    const engine = await engineIn();
    await engine.items.put({ id: 'a', image: [1, 2, 3], price: 4 });
    await engine.events.add({ user: 'u', item: 'a', type: 'view' });
    const ask = async (): Promise<Float32Array | undefined> =>
      (await engine.recommend({ user: 'nobody', fields: ['image'] })).items[0]?.fields?.image;
    (await ask())?.fill(0);
    expect(await ask()).toEqual(Float32Array.of(1, 2, 3));
    await expect(engine.recommend({ user: 'nobody', where: { image: [1, 2, 3] } as never })).rejects.toThrowError(
      fails('KAIRANK_INVALID_ARGUMENT', 'where.image'),
    );
  });

  it.each([
    ['items[1].image', 'abc'],
    ['items[1].image', [1, 2]],
    ['items[1].image', new Float32Array(4)],
    ['items[1].image', new Float64Array(3)],
    ['items[1].image', { length: 3 }],
    ['items[1].image[1]', [1, Number.NaN, 3]],
    ['items[1].image[2]', Float32Array.of(1, 2, Number.POSITIVE_INFINITY)],
    ['items[1].image[0]', [1e39, 2, 3]],
    ['items[1].image[0]', ['1', 2, 3]],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    ['items[1].image[1]', [1, , 3]],
  ])('refuses %s for %j, and puts nothing', async (field, image) => {
    const engine = await engineIn();
    await expect(engine.items.put([{ id: 'a' }, { id: 'b', image: image as never }])).rejects.toThrowError(
      fails('KAIRANK_INVALID_SCHEMA', field),
    );
    expect(engine.items.count).toBe(0);
  });

  it('putVectors sets one field of items that are there, all or nothing', async () => {
    const engine = await engineIn();
    await engine.items.put(['a', 'b', 'c'].map((id) => ({ id, title: id.toUpperCase(), price: 1 })));
    const matrix = Float32Array.of(1, 2, 3, 4, 5, 6);
    const putting = engine.items.putVectors('image', ['b', 'a'], matrix);
    matrix.fill(0);
    expect(await putting).toEqual({ put: 2, missing: [] });
    expect((await engine.items.get('a')).fields).toEqual({ title: 'A', price: 1, image: Float32Array.of(4, 5, 6) });
    expect((await engine.items.get('b')).fields).toEqual({ title: 'B', price: 1, image: Float32Array.of(1, 2, 3) });
    const rows = Float32Array.from({ length: 12 }, (_, index) => index);
    const other = engine.items.put({ id: 'd', title: 'D' });
    await expect(engine.items.putVectors('image', ['a', 'x', 'c', 'y'], rows)).rejects.toMatchObject({
      code: 'KAIRANK_NOT_FOUND',
      field: 'ids[1]',
      message: 'ids[1]: the catalogue has no item "x", nor 1 more of them',
    });
    // What others write in the same commit is written.
    await other;
    expect((await engine.items.get('a')).fields.image).toEqual(Float32Array.of(4, 5, 6));
    expect((await engine.items.get('c')).fields.image).toBeUndefined();
    expect(await engine.items.putVectors('image', ['a', 'x', 'c', 'y'], rows, { missing: 'skip' })).toEqual({
      put: 2,
      missing: ['x', 'y'],
    });
    expect((await engine.items.get('c')).fields.image).toEqual(Float32Array.of(6, 7, 8));
    expect(engine.items.has('x')).toBe(false);
    expect(await engine.items.putVectors('image', ['a', 'a'], rows.subarray(0, 6))).toEqual({ put: 2, missing: [] });
    expect((await engine.items.get('a')).fields.image).toEqual(Float32Array.of(3, 4, 5));
    expect(await engine.items.putVectors('image', [], new Float32Array())).toEqual({ put: 0, missing: [] });
  });
});

describe('putVectors', () => {
  const one = Float32Array.of(1, 2, 3);
  it.each([
    ['KAIRANK_UNKNOWN_FIELD', 'field', ['picture', ['a'], one]],
    ['KAIRANK_INVALID_ARGUMENT', 'field', ['title', ['a'], one]],
    ['KAIRANK_INVALID_ARGUMENT', 'field', [3, ['a'], one]],
    ['KAIRANK_INVALID_ARGUMENT', 'ids', ['image', 'a', one]],
    ['KAIRANK_INVALID_ARGUMENT', 'ids[0]', ['image', [''], one]],
    ['KAIRANK_INVALID_ARGUMENT', 'matrix', ['image', ['a'], [1, 2, 3]]],
    ['KAIRANK_INVALID_ARGUMENT', 'matrix', ['image', ['a'], new Float32Array(6)]],
    ['KAIRANK_INVALID_ARGUMENT', 'matrix[4]', ['image', ['a', 'b'], Float32Array.of(1, 2, 3, 4, Number.NaN, 6)]],
    ['KAIRANK_INVALID_ARGUMENT', 'missing', ['image', ['a'], one, { missing: 'drop' }]],
    ['KAIRANK_INVALID_ARGUMENT', 'skip', ['image', ['a'], one, { skip: true }]],
  ])('refuses with %s at %s', async (code, field, args) => {
    const engine = await open(null);
    await engine.items.put([{ id: 'a' }, { id: 'b' }]);
    const [name, ids, matrix, options] = args;
    await expect(engine.items.putVectors(name as never, ids as never, matrix as never, options as never)).rejects.toThrowError(
      fails(code, field),
    );
  });

  it('is read-only in an attached engine, which reads vectors all the same', async () => {
    const engine = await open(null);
    await engine.items.put({ id: 'a', image: one });
    const attached = Engine.attach<Shop>(engine.share());
    opened.unshift(attached);
    expect((await attached.items.get('a')).fields.image).toEqual(one);
    await expect(attached.items.putVectors('image', ['a'], one)).rejects.toMatchObject({ code: 'KAIRANK_READ_ONLY' });
  });
});

describe('the folder', () => {
  it('gives back every vector bit by bit', async () => {
    const vectors = fc.array(fc.float32Array({ minLength: 3, maxLength: 3, noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    const engine = await open();
    await fc.assert(
      fc.asyncProperty(vectors, fc.string(), async (rows, title) => {
        await engine.items.put(rows.map((image, index) => ({ id: `i${index}`, image, title })));
        for (const [index, image] of rows.entries()) {
          const { fields } = await engine.items.get(`i${index}`);
          expect(new Uint32Array(fields.image?.slice().buffer ?? new ArrayBuffer())).toEqual(new Uint32Array(image.slice().buffer));
          expect(fields.title).toBe(title);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps them compactly over closing and opening', async () => {
    const wide = defineCatalog({ fields: { image: { kind: 'vector', dim: 512 } } });
    const engine = await Engine.open(dir, { catalog: wide });
    const matrix = Float32Array.from({ length: 512 * 100 }, (_, index) => Math.sin(index));
    const ids = Array.from({ length: 100 }, (_, index) => `i${index}`);
    await engine.items.put(ids.map((id) => ({ id })));
    await engine.items.putVectors('image', ids, matrix);
    await engine.close();
    const raw = openLmdb({ path: dir, noSubdir: false, maxDbs: 16, readOnly: true });
    const bytes = raw.openDB({ name: 'vectors', keyEncoding: 'binary' }).getBinary(Buffer.from('i7'));
    expect(bytes?.length).toBeLessThan(512 * 4 + 100);
    expect(raw.openDB({ name: 'settings', encoding: 'json' }).get('format')).toEqual({ name: 'kairank', version: 2 });
    await raw.close();
    const again = await Engine.open<typeof wide.fields>(dir);
    expect(again.catalog).toEqual(wide);
    expect((await again.items.get('i7')).fields.image).toEqual(matrix.subarray(7 * 512, 8 * 512));
    await again.close();
    await expect(Engine.open(dir, { catalog: defineCatalog({ fields: { image: { kind: 'vector', dim: 256 } } }) })).rejects.toThrowError(
      fails('KAIRANK_INVALID_SCHEMA', 'catalog.fields.image.dim'),
    );
  });

  it('reads vectors slice by slice with the items, or leaves them out', async () => {
    const engine = await open();
    const ids = Array.from({ length: 5000 }, (_, index) => `item ${index}`);
    await engine.items.put(ids.map((id, index) => (index % 3 ? { id, title: id, image: [index, -index, 1 / index] } : { id, title: id })));
    await engine.items.remove(['item 1', 'item 3']);
    await engine.close();
    const store = await FolderStore.open(dir, {
      readOnly: true,
      settings: (stored) => stored ?? { catalog: toRecord(catalog), eventTypes: none },
    });
    const all = [...store.items()].flat();
    expect(all).toHaveLength(4998);
    for (const { id, key, fields } of all) {
      const index = Number(id.slice(5));
      expect(key).toBe(index + 1);
      expect(fields).toEqual(index % 3 ? { title: id, image: Float32Array.of(index, -index, 1 / index) } : { title: id });
    }
    expect([...store.items({ vectors: false })].flat().every(({ id, fields }) => fields.title === id && !('image' in fields))).toBe(true);
    await store.close();
  });

  it('says what is damaged: bytes that are no floats, a dim that is none', () => {
    const corrupt = (what: string): never => {
      throw new Error(what);
    };
    expect(() => joinItem({}, { image: new Uint8Array(7) }, corrupt)).toThrowError('the vector "image" of an item is damaged');
    for (const dim of [0, 4097, 1.5, '3', undefined]) {
      const plain = { title: null, fields: [{ name: 'image', kind: 'vector', required: false, dim }] };
      expect(() => parseSettings(plain, none, 'data.mdb')).toThrowError(fails('KAIRANK_CORRUPT_FILE', 'data.mdb'));
    }
  });

  it('forgets the vector of an item that is removed, or replaced without one', async () => {
    const engine = await open();
    await engine.items.put([
      { id: 'a', image: [1, 2, 3] },
      { id: 'b', image: [4, 5, 6] },
    ]);
    await engine.items.remove('a');
    await engine.items.put([{ id: 'a' }, { id: 'b', title: 'B' }]);
    await engine.close();
    const again = await open();
    expect((await again.items.get('a')).fields).toEqual({});
    expect((await again.items.get('b')).fields).toEqual({ title: 'B' });
  });

  it('of before there were vectors opens as it is, and may grow a vector field', async () => {
    const before = defineCatalog({ fields: { title: 'text', colours: 'tags' } });
    await (await Engine.open(dir, { catalog: before })).close();
    // The records as earlier versions wrote them.
    const raw = openLmdb({ path: dir, noSubdir: false, maxDbs: 16, overlappingSync: false, eventTurnBatching: false });
    const settings = raw.openDB({ name: 'settings', encoding: 'json' });
    expect(settings.get('format')).toEqual({ name: 'kairank', version: 1 });
    raw.transactionSync(() => {
      raw.openDB({ name: 'keys', encoding: 'msgpack', keyEncoding: 'binary' }).putSync(Buffer.from('a'), 1);
      raw
        .openDB({ name: 'items', encoding: 'msgpack', keyEncoding: 'binary' })
        .putSync(Buffer.from('a'), { key: 1, fields: { title: 'A', colours: ['red'] } });
      settings.putSync('nextKey', 2);
    });
    raw.openDB({ name: 'vectors' }).dropSync();
    await raw.close();
    const reader = await Engine.open(dir, { readOnly: true });
    expect((await reader.items.get('a')).fields).toEqual({ title: 'A', colours: ['red'] });
    await reader.close();
    const stored = await storedCatalog(dir);
    expect(stored).toEqual(before);
    const engine = await Engine.open(dir, { catalog: withVectorField(stored, 'image', 2) });
    expect((await engine.items.get('a')).fields).toEqual({ title: 'A', colours: ['red'] });
    expect(await engine.items.putVectors('image', ['a'], Float32Array.of(1, 2))).toEqual({ put: 1, missing: [] });
    expect((await engine.items.get('a')).fields).toEqual({ title: 'A', colours: ['red'], image: Float32Array.of(1, 2) });
    await engine.close();
  });
});
