import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { openVectors, type VectorOptions } from '../../src/formats/vectors.js';
import { importVectors, openVectorSource, requireAllRows, type VectorTarget } from '../../src/shopper/import-vectors.js';
import { scratch } from './scratch.js';
import { floatBytes, npy, type ParquetRow, parquet, safetensors } from './vector-writers.js';

const { folder, write } = scratch();

/** An engine that has some items, and keeps what is put. */
function recorder(known: (id: string) => boolean): VectorTarget & { vectors: Map<string, number[]>; calls: number[] } {
  const recorded = { vectors: new Map<string, number[]>(), calls: [] as number[] };
  return Object.assign(recorded, {
    items: {
      putVectors: async (_: string, ids: readonly string[], matrix: Float32Array) => {
        const dim = matrix.length / ids.length;
        recorded.calls.push(ids.length);
        for (const [row, id] of ids.entries()) {
          if (known(id)) recorded.vectors.set(id, [...matrix.subarray(row * dim, (row + 1) * dim)]);
        }
        return { put: ids.filter(known).length, missing: ids.filter((id) => !known(id)) };
      },
    },
  });
}

async function readAll(path: string, options: VectorOptions = {}): Promise<{ values: number[]; ids: unknown[]; problems: string[] }> {
  const all = { values: [] as number[], ids: [] as unknown[], problems: [] as string[] };
  for await (const slice of (await openVectors(path, options)).slices()) {
    all.values.push(...slice.values);
    all.ids.push(...(slice.ids ?? []));
    for (const [row, problem] of slice.problems) all.problems.push(`${slice.at + row}: ${problem}`);
  }
  return all;
}

describe('safetensors', () => {
  const values = [1, -2, 0.5, 3, 0, 1024];
  const bf16 = Buffer.from(Uint16Array.from(values, (value) => Buffer.from(floatBytes('<f4', [value])).readUInt16LE(2)).buffer);
  it.each([
    ['F16', floatBytes('<f2', values)],
    ['BF16', bf16],
    ['F32', floatBytes('<f4', values)],
    ['F64', floatBytes('<f8', values)],
  ])('%s is read as f32, at any place in the file', async (dtype, data) => {
    const path = write(
      'one.safetensors',
      safetensors({ odd: { dtype: 'U8', shape: [3], data: Buffer.alloc(3) }, m: { dtype, shape: [2, 3], data } }),
    );
    expect((await readAll(path)).values).toEqual(values);
    expect((await readAll(path, { tensor: 'm' })).values).toEqual(values);
    expect(await openVectors(path)).toMatchObject({ format: 'safetensors', rows: 2, dim: 3 });
  });

  it('asks for a name where there are several matrices, and names what there is', async () => {
    const matrix = { dtype: 'F32', shape: [1, 1], data: Buffer.alloc(4) };
    const path = write('two.safetensors', safetensors({ a: matrix, b: matrix, line: { ...matrix, shape: [1] } }));
    const message = expect.stringMatching(/a \(F32, 1 × 1\), b/) as string;
    await expect(openVectors(path)).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'tensor', message });
    await expect(openVectors(path, { tensor: 'c' })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'tensor', message });
    await expect(openVectors(path, { tensor: 'line' })).rejects.toMatchObject({ code: 'KAIRANK_UNSUPPORTED_FORMAT' });
    expect((await readAll(path, { tensor: 'b' })).values).toEqual([0]);
  });

  it('cut off or altered ends in a matrix or a KairankError that names the file', async () => {
    const bytes = safetensors({ m: { dtype: 'F32', shape: [4, 2], data: Buffer.alloc(32) } });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const altered = Buffer.from(bytes);
        altered[at] = value;
        const path = write('altered.safetensors', cut ? bytes.subarray(0, at) : altered);
        const outcome = await readAll(path).then(
          ({ values }) => values.length,
          (error: unknown) => error,
        );
        if (cut) expect(outcome).toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining(path) as string });
        else if (typeof outcome !== 'number') expect(outcome).toBeInstanceOf(KairankError);
        else expect(outcome).toBe(8);
      }),
      { numRuns: 400 },
    );
  });
});

describe('Parquet', () => {
  const rows: ParquetRow[] = [
    { id: 'a', embedding: null },
    { id: 'b', embedding: [1, 2] },
    { id: null, embedding: [3, 4] },
    { id: 'd', embedding: [5, null] },
    { id: 'e', embedding: [6] },
    { id: 'f', embedding: [] },
    { id: 'g', embedding: [7, Number.NaN] },
  ];

  it('gives the lists of every row group, and says which rows hold none', async () => {
    const path = write('lists.parquet', parquet([rows.slice(0, 1), rows.slice(1, 4), rows.slice(4)]));
    expect(await openVectors(path)).toMatchObject({ format: 'parquet', rows: 7, dim: 2 });
    const { values, ids, problems } = await readAll(path);
    expect(values).toEqual([0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 7, Number.NaN]);
    expect(ids).toEqual(['a', 'b', null, 'd', 'e', 'f', 'g']);
    expect(problems).toEqual(['1: vector missing', '4: a number is missing', '5: not 2 numbers', '6: not 2 numbers']);
  });

  it('refuses a row group beyond what memory would hold, before it is read', async () => {
    const path = write('huge.parquet', parquet([rows], { claimed: 2 ** 27 + 1 }));
    await expect(openVectors(path)).rejects.toMatchObject({
      code: 'KAIRANK_UNSUPPORTED_FORMAT',
      message: expect.stringContaining('row group of 134217729 numbers') as string,
    });
  });

  it('takes columns by name, and names those there are', async () => {
    const path = write('named.parquet', parquet([rows.slice(1, 2)], { id: 'sku', embedding: 'vec' }));
    expect((await readAll(path, { idColumn: 'sku', vectorColumn: 'vec' })).values).toEqual([1, 2]);
    await expect(openVectors(path)).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'idColumn' });
    await expect(openVectors(path, { idColumn: 'sku' })).rejects.toMatchObject({
      field: 'vectorColumn',
      expected: expect.stringContaining('sku, vec') as string,
    });
    await expect(openVectors(path, { idColumn: 'vec', vectorColumn: 'sku' })).rejects.toMatchObject({ field: 'vectorColumn' });
  });
});

describe('Parquet with altered bytes', () => {
  const bytes = parquet([
    [
      { id: 'a', embedding: [1, 2] },
      { id: 'b', embedding: null },
    ],
    [{ id: 'c', embedding: [3, 4] }],
  ]);

  it('ends in rows or a KairankError; cut off, it is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const altered = Buffer.from(bytes);
        altered[at] = value;
        const path = write('altered.parquet', cut ? bytes.subarray(0, at) : altered);
        const outcome: unknown = await readAll(path).catch((error: unknown) => error);
        if (cut) expect(outcome).toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining(path) as string });
        else if (outcome instanceof Error) expect(outcome).toBeInstanceOf(KairankError);
      }),
      { numRuns: 600 },
    );
  });
});

describe('what a file of vectors is', () => {
  test.each([
    ['fake.npy', Buffer.from('PAR1xxxxPAR1'), 'KAIRANK_CORRUPT_FILE'],
    ['empty.npy', Buffer.alloc(0), 'KAIRANK_CORRUPT_FILE'],
    ['short.parquet', Buffer.from('PAR1'), 'KAIRANK_CORRUPT_FILE'],
    ['text.safetensors', Buffer.from('a text of words'), 'KAIRANK_CORRUPT_FILE'],
    ['arrays.npz', Buffer.from('PK\x03\x04 and more'), 'KAIRANK_UNSUPPORTED_FORMAT'],
    ['packed.npy.gz', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'KAIRANK_UNSUPPORTED_FORMAT'],
    ['vectors.csv', Buffer.from('id,x,y\na,1,2\n'), 'KAIRANK_UNSUPPORTED_FORMAT'],
  ])('%s is refused with its name', async (name, bytes, code) => {
    await expect(openVectors(write(name, bytes))).rejects.toMatchObject({ code, message: expect.stringContaining(name) as string });
  });

  test('is known by its content, and a missing file or a folder is an error of reading', async () => {
    expect(await openVectors(write('noname', npy(1, 2, [1, 2])))).toMatchObject({ format: 'npy', rows: 1, dim: 2 });
    await expect(openVectors(join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'KAIRANK_IO' });
    await expect(openVectors(folder)).rejects.toMatchObject({ code: 'KAIRANK_IO' });
  });

  test('any bytes end in vectors or a KairankError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('h.npy', 'h.safetensors', 'h.parquet', 'h'),
        fc.uint8Array({ maxLength: 200 }),
        async (name, bytes) => {
          await readAll(write(name, bytes)).catch((error: unknown) => expect(error).toBeInstanceOf(KairankError));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('importing vectors', () => {
  const known = (id: string): boolean => !id.startsWith('x');
  const source = async (values: readonly number[], ids: string, name = 'ids.txt'): ReturnType<typeof openVectorSource> =>
    openVectorSource(write('v.npy', npy(values.length / 2, 2, values)), write(name, ids), {});

  test('every row is added, of an unknown item, or rejected by reason and written with its row', async () => {
    const values = [1, 2, Number.NaN, 0, 3, 4, 5, 6, 7, 8, 0, Number.POSITIVE_INFINITY, 9, 10];
    const target = recorder(known);
    const report = await importVectors(target, 'image', await source(values, '\uFEFFa\r\nb\n\nx1\na\nc\nd\n\n'), { folder });
    expect(report).toMatchObject({
      read: 7,
      accepted: 2,
      unknown: 1,
      dim: 2,
      rejected: { 'NaN in the vector': 1, 'id missing': 1, 'id given before': 1, 'infinite as 32-bit floats': 1 },
      notes: { 'unknown ids': 'x1' },
    });
    expect(target.vectors).toEqual(
      new Map([
        ['a', [1, 2]],
        ['d', [9, 10]],
      ]),
    );
    const lines = readFileSync(report.rejectedFile ?? '', 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { at: 2, reason: 'NaN in the vector', record: { id: 'b' } },
      { at: 3, reason: 'id missing', record: {} },
      { at: 5, reason: 'id given before', record: { id: 'a' } },
      { at: 6, reason: 'infinite as 32-bit floats', record: { id: 'c' } },
    ]);
    expect(report.rejectedFile).toMatch(/rejected-vectors-.*\.jsonl$/);
  });

  test('ids may be a JSON array, of numbers too; there is one for each row', async () => {
    const target = recorder(known);
    await importVectors(target, 'image', await source([1, 2, 3, 4], '[7, "b"]', 'ids.json'), { folder });
    expect([...target.vectors.keys()]).toEqual(['7', 'b']);
    await expect(source([1, 2], '{"a": 1}', 'ids.json')).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
    await expect(source([1, 2], '["a"', 'ids.json')).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
    await expect(source([1, 2], 'a\nb')).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'ids', received: '2' });
    const path = write('v.npy', npy(1, 2, [1, 2]));
    await expect(openVectorSource(path, undefined, {})).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'ids' });
    const lists = write('v.parquet', parquet([[{ id: 'a', embedding: [1] }]]));
    await expect(openVectorSource(lists, path, {})).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'ids' });
  });

  test('strict refuses all for one row, and passes what is whole', async () => {
    await expect(requireAllRows(await source([1, 2, Number.NaN, 4, 5, Number.NaN], 'a\nb\nc'))).rejects.toMatchObject({
      code: 'KAIRANK_INVALID_SCHEMA',
      message: expect.stringMatching(/row 2 cannot be used \(NaN in the vector\), nor 1 more; nothing was imported/) as string,
    });
    await requireAllRows(await source([1, 2, 3, 4], 'a\nx'));
  });

  test('comes in slices, tells its progress, and an abort stops it', async () => {
    const rows = 10_000;
    const ids = Array.from({ length: rows }, (_, index) => `i${index}`).join('\n');
    const values = Array.from({ length: rows * 2 }, (_, index) => index);
    const target = recorder(known);
    const seen: number[] = [];
    await importVectors(target, 'image', await source(values, ids), { folder, onProgress: (done) => seen.push(done) });
    expect(target.calls).toEqual([4096, 4096, 1808]);
    expect(target.vectors.get('i9999')).toEqual([19_998, 19_999]);
    expect(seen.at(-1)).toBe(1);
    const stop = new AbortController();
    const stopped = recorder(known);
    const signalled = await openVectorSource(join(folder, 'v.npy'), join(folder, 'ids.txt'), { signal: stop.signal });
    const importing = importVectors(stopped, 'image', signalled, { folder, onProgress: () => stop.abort() });
    await expect(importing).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
    expect(stopped.calls).toEqual([4096]);
  });
});
