import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/index.js';
import { scratch } from '../facade/scratch.js';
import { floatBytes, npy, parquet, safetensors } from '../facade/vector-writers.js';
import { json, kairank } from './cli.js';

const { folder, write } = scratch();
const MINUTES = 60_000;
const shop = join(folder, 'shop');
const ids = write('ids.txt', 'tent\nunknown\nmat\n');

async function vectorOf(id: string, field: string): Promise<unknown> {
  const engine = await Engine.open(shop, { readOnly: true });
  try {
    return (await engine.items.get(id)).fields[field];
  } finally {
    await engine.close();
  }
}

beforeAll(async () => {
  const items = write('items.jsonl', '{"id":"tent","title":"Tent","price":240}\n{"id":"mat","title":"Mat","price":60}\n');
  await json(['import', shop, '--items', items]);
}, 2 * MINUTES);

describe('import --vectors', () => {
  test('npy: the field joins the catalogue, unknown ids and NaN are counted', { timeout: 2 * MINUTES }, async () => {
    const file = write('image.npy', npy(3, 2, [1, 2, 3, 4, Number.NaN, 6]));
    const report = await json(['import', shop, '--vectors', file, '--ids', ids, '--field', 'image']);
    expect(report).toMatchObject({
      read: 3,
      accepted: 1,
      rejected: { 'NaN in the vector': 1 },
      items: 2,
      vectors: {
        field: 'image',
        dim: 2,
        read: 3,
        added: 1,
        unknown: 1,
        rejected: { 'NaN in the vector': 1 },
        notes: { shape: '3 × 2 (f32)', 'unknown ids': 'unknown' },
      },
    });
    const rejected: unknown = JSON.parse(readFileSync(String(report.rejectedFile), 'utf8'));
    expect(rejected).toEqual({ at: 3, reason: 'NaN in the vector', record: { id: 'mat' } });
    expect(await vectorOf('tent', 'image')).toEqual(Float32Array.of(1, 2));
    expect(await vectorOf('mat', 'image')).toBeUndefined();
    expect(await vectorOf('tent', 'title')).toBe('Tent');
    const { code, stdout, stderr } = await kairank(['import', shop, '--vectors', file, '--ids', ids, '--field', 'image']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 vectors of 2 numbers: 1 added to image, 1 of unknown items, 1 rejected\n/);
    expect(stderr).toContain('vectors: done');
    const other = write('other.npy', npy(3, 1, [1, 2, 3]));
    const wrong = await kairank(['import', shop, '--vectors', other, '--ids', ids, '--field', 'image']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/KAIRANK_INVALID_SCHEMA: catalog\.fields\.image\.dim: expected 2, .* got 1/);
  });

  test('strict imports nothing, and makes no field, for one bad row', { timeout: 2 * MINUTES }, async () => {
    const file = write('strict.npy', npy(3, 2, [1, 2, 3, 4, Number.NaN, 6]));
    const { code, stderr } = await kairank(['import', shop, '--vectors', file, '--ids', ids, '--field', 'never', '--strict']);
    expect(stderr).toMatch(/row 3 cannot be used \(NaN in the vector\); nothing was imported/);
    expect(code).toBe(2);
    const engine = await Engine.open(shop, { readOnly: true });
    expect(engine.catalog.fields).not.toHaveProperty('never');
    await engine.close();
  });

  test('safetensors by the name of the tensor', { timeout: 2 * MINUTES }, async () => {
    const tensor = (values: number[]): { dtype: string; shape: number[]; data: Buffer } => ({
      dtype: 'F16',
      shape: [2, 3],
      data: floatBytes('<f2', values),
    });
    const file = write('text.safetensors', safetensors({ first: tensor([0, 0, 0, 0, 0, 0]), second: tensor([1, 2, 3, 4, 5, 6]) }));
    const list = write('list.json', '["mat", "tent"]');
    const report = await json(['import', shop, '--vectors', file, '--tensor', 'second', '--ids', list, '--field', 'text', '--strict']);
    expect(report).toMatchObject({ vectors: { field: 'text', dim: 3, added: 2, unknown: 0, rejected: {}, rejectedFile: null } });
    expect(await vectorOf('tent', 'text')).toEqual(Float32Array.of(4, 5, 6));
  });

  test('Parquet by its columns, beside the items of a new shop', { timeout: 2 * MINUTES }, async () => {
    const rows = [
      { id: 'tent', embedding: [1, 2] },
      { id: 'pan', embedding: [3, 4] },
      { id: 'mat', embedding: null },
    ];
    const file = write('v.parquet', parquet([rows.slice(0, 2), rows.slice(2)], { id: 'sku', embedding: 'vec' }));
    const columns = ['--id-column', 'sku', '--vector-column', 'vec', '--field', 'picture'];
    const fresh = join(folder, 'fresh');
    const report = await json(['import', fresh, '--items', join(folder, 'items.jsonl'), '--vectors', file, ...columns]);
    expect(report).toMatchObject({
      read: 2,
      accepted: 2,
      vectors: { field: 'picture', dim: 2, read: 3, added: 1, unknown: 1, rejected: { 'vector missing': 1 } },
    });
    const engine = await Engine.open(fresh, { readOnly: true });
    expect(engine.catalog).toMatchObject({ fields: { title: expect.anything() as string, picture: { kind: 'vector', dim: 2 } } });
    expect((await engine.items.get('tent')).fields.picture).toEqual(Float32Array.of(1, 2));
    await engine.close();
  });

  test('what is missing or damaged is said before a shop is touched', { timeout: 3 * MINUTES }, async () => {
    const file = write('fine.npy', npy(1, 2, [1, 2]));
    const one = write('one.txt', 'tent\n');
    const nowhere = join(folder, 'nowhere');
    const cases: [string[], number, RegExp][] = [
      [[nowhere, '--vectors', file, '--ids', one, '--field', 'image'], 1, /KAIRANK_NOT_FOUND.*there is no shop/],
      [[shop, '--vectors', file, '--ids', one], 2, /--field: expected/],
      [[shop, '--vectors', file, '--field', 'image'], 2, /ids: expected a file of ids/],
      [[shop, '--vectors', file, '--ids', ids, '--field', 'image'], 2, /ids: expected 1 ids/],
      [[shop, '--field', 'image', '--items', file], 2, /--vectors: expected/],
      [
        [shop, '--vectors', write('cut.npy', npy(1, 2, [1, 2]).subarray(0, 130)), '--ids', one, '--field', 'image'],
        1,
        /KAIRANK_CORRUPT_FILE.*cut\.npy/,
      ],
      [[shop, '--vectors', file, '--ids', one, '--field', 'title'], 2, /catalog\.fields\.title: expected kind/],
    ];
    for (const [args, code, message] of cases) {
      const outcome = await kairank(['import', ...args]);
      expect(outcome.stderr).toMatch(message);
      expect(outcome).toMatchObject({ code, stdout: '' });
    }
    expect(existsSync(nowhere)).toBe(false);
  });
});
