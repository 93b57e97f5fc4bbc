import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { openRecords } from '../../src/formats/index.js';
import { LineSplitter, MAX_LINE_BYTES } from '../../src/formats/lines.js';
import type { FileRecord, ReadOptions } from '../../src/formats/records.js';
import { scratch } from './scratch.js';

const { folder, write } = scratch();

async function readAll(path: string, options: ReadOptions = {}): Promise<FileRecord[]> {
  const file = await openRecords(path, options);
  const records: FileRecord[] = [];
  for await (const batch of file.batches()) records.push(...batch);
  return records;
}

function plainFields(records: FileRecord[]): unknown[] {
  return records.map((record) => ('fields' in record ? { ...record.fields } : { problem: record.problem, at: record.at }));
}

async function failure(path: string): Promise<KairankError> {
  const error: unknown = await readAll(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KairankError)) throw new Error(`expected a KairankError, got ${String(error)}`);
  return error;
}

describe('JSONL', () => {
  test('objects come with their lines; broken lines are reported, not fatal', async () => {
    const path = write('a.jsonl', '\uFEFF{"user":"u1"}\r\n\r\nnot json\n[1]\n{"user":"u2","n":{"deep":[1]}}');
    const records = await readAll(path);
    expect(records.map((record) => record.at)).toEqual([1, 3, 4, 5]);
    expect(plainFields(records)).toEqual([
      { user: 'u1' },
      { problem: 'not JSON', at: 3 },
      { problem: 'not a JSON object', at: 4 },
      { user: 'u2', n: { deep: [1] } },
    ]);
  });

  test('a line that is not UTF-8 or too long costs that line alone', async () => {
    const long = `{"user":"${'x'.repeat(MAX_LINE_BYTES + 10)}"}`;
    const path = write(
      'b.jsonl',
      Buffer.concat([Buffer.from(`{"a":1}\n${long}\n{"b":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n{"c":3}\n')]),
    );
    expect(plainFields(await readAll(path))).toEqual([
      { a: 1 },
      { problem: 'line too long', at: 2 },
      { problem: 'not UTF-8', at: 3 },
      { c: 3 },
    ]);
  });

  test('any JSON objects come back as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 20 }), async (objects) => {
        const path = write('round.jsonl', `${objects.map((object) => JSON.stringify(object)).join('\n')}\n`);
        const records = await readAll(path);
        expect(records.map((record) => ('fields' in record ? JSON.stringify(record.fields) : record.problem))).toEqual(
          objects.map((object) => JSON.stringify(object)),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('lines', () => {
  test('are the same however the file is cut into blocks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 30 })),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (texts, sizes) => {
          const clean = texts.map((text) => text.replaceAll(/[\r\n]/g, '·'));
          const bytes = Buffer.from(clean.join('\n'));
          const splitter = new LineSplitter();
          const lines = [];
          for (let start = 0, turn = 0; start < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            lines.push(...splitter.push(bytes.subarray(start, start + size)));
            start += size;
          }
          lines.push(...splitter.finish());
          // A file's last line end closes its line; what would follow it is no line of its own.
          const expected = clean.at(-1) === '' ? clean.slice(0, -1) : clean;
          expect(lines.map((line) => line.text)).toEqual(expected);
          expect(lines.map((line) => line.at)).toEqual(expected.map((_, index) => index + 1));
        },
      ),
    );
  });
});

describe('CSV', () => {
  test.each([',', ';', '\t', '|'])('the delimiter %j is found in the header', async (delimiter) => {
    const path = write('d.csv', [`user,item,at`, 'u1,i1,5'].join('\n').replaceAll(',', delimiter));
    expect(plainFields(await readAll(path))).toEqual([{ user: 'u1', item: 'i1', at: '5' }]);
  });

  test('quotes, line ends within them, and mixed line ends', async () => {
    const path = write('q.csv', '\uFEFFuser,"the, item"\r\nu1,"a ""b"" c"\nu2,"two\nlines"\r\n\r\nu3,5" pipe\n');
    const records = await readAll(path);
    expect(records.map((record) => record.at)).toEqual([2, 3, 6]);
    expect(plainFields(records)).toEqual([
      { user: 'u1', 'the, item': 'a "b" c' },
      { user: 'u2', 'the, item': 'two\nlines' },
      { user: 'u3', 'the, item': '5" pipe' },
    ]);
  });

  test('a quote that is never closed costs its own line, not the rest of the file', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => `u${index},i${index}`);
    const path = write('open.csv', ['user,item', 'bad,"oops', ...rows].join('\n'));
    const records = await readAll(path);
    expect(plainFields(records).slice(0, 2)).toEqual([
      { problem: 'quote not closed', at: 2 },
      { user: 'u0', item: 'i0' },
    ]);
    expect(records).toHaveLength(301);
  });

  test('records of another width are reported with their text', async () => {
    const path = write('w.csv', 'a,b\n1\n1,2,3\n1,2\n');
    const records = await readAll(path);
    expect(plainFields(records)).toEqual([
      { problem: 'wrong number of fields', at: 2 },
      { problem: 'wrong number of fields', at: 3 },
      { a: '1', b: '2' },
    ]);
    expect(records[1]).toMatchObject({ text: '1,2,3' });
  });

  test('a column named __proto__ is only a column', async () => {
    const [record] = await readAll(write('p.csv', '__proto__,a\nx,1\n'));
    expect(record && 'fields' in record ? Object.entries(record.fields) : []).toContainEqual(['__proto__', 'x']);
    expect(Object.hasOwn({}, 'x')).toBe(false);
  });

  test('a header that names a column twice is refused', async () => {
    const error = await failure(write('twice.csv', 'a,a\n1,2\n'));
    expect(error.code).toBe('KAIRANK_CORRUPT_FILE');
    expect(error.message).toContain('"a" twice');
  });

  test('any table comes back as it was written', async () => {
    const cell = fc
      .oneof(fc.string({ maxLength: 12 }), fc.stringMatching(/^[",\n x]{0,6}$/))
      .map((text) => text.replaceAll(/[\r\uFEFF\0]/g, '·'));
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 5 })
          .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 30 })),
        async (table) => {
          const names = (table[0] ?? []).map((_, index) => `c${index}`);
          const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
          const path = write('round.csv', [names, ...table].map((cells) => cells.map(quote).join(',')).join('\n'));
          const expected = table.map((cells) => Object.fromEntries(cells.map((text, index) => [`c${index}`, text])));
          expect(plainFields(await readAll(path))).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('gzip', () => {
  test('is unpacked on the way, whatever the name says', async () => {
    const path = write('packed.csv.gz', gzipSync('user,item\nu1,i1\n'));
    expect(plainFields(await readAll(path))).toEqual([{ user: 'u1', item: 'i1' }]);
    expect(plainFields(await readAll(write('packed2.csv', gzipSync('user,item\nu1,i1\n'))))).toEqual([{ user: 'u1', item: 'i1' }]);
  });

  test('cut short, it is named in the error', async () => {
    const text = Array.from(
      { length: 20000 },
      (_, index) => `{"user":"u${(index * 7919) % 10007}","item":"i${(index * 104729) % 9973}"}`,
    ).join('\n');
    const packed = gzipSync(text);
    for (const bytes of [packed.subarray(0, packed.length / 2), packed.subarray(0, 40)]) {
      const error = await failure(write('cut.jsonl.gz', bytes));
      expect(error).toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: `${folder}/cut.jsonl.gz` });
    }
  });
});

describe('Parquet', () => {
  const fixture = (codec: string): string => fileURLToPath(new URL(`../fixtures/orders.${codec}.parquet`, import.meta.url));

  test.each(['snappy', 'zstd'])('%s: rows of every row group, with dates, nulls, lists and wide numbers', async (codec) => {
    const records = await readAll(fixture(codec));
    expect(records.map((record) => record.at)).toEqual([1, 2, 3, 4, 5]);
    const [first, second, third] = plainFields(records);
    expect(first).toEqual({
      user: 'ann',
      item: 'a-1',
      at: new Date('2024-01-01T12:00:00Z'),
      quantity: 1,
      wide: '9007199254740993',
      price: 1.5,
      day: new Date('2024-01-01'),
      gift: true,
      tags: ['x', 'y'],
    });
    expect(second).toMatchObject({ quantity: -2, wide: 1, price: null, tags: [] });
    expect(third).toMatchObject({ user: null, gift: null });
  });

  test('only the wanted columns are read', async () => {
    expect(plainFields(await readAll(fixture('snappy'), { columns: ['item', 'quantity'] }))[1]).toEqual({ item: 'b-2', quantity: -2 });
  });

  test('cut or altered bytes end in a KairankError that names the file, or in rows', async () => {
    const bytes = readFileSync(fixture('snappy'));
    const outcome = async (altered: Uint8Array): Promise<string> => {
      const path = write('hostile.parquet', altered);
      try {
        await readAll(path);
        return 'rows';
      } catch (error) {
        if (!(error instanceof KairankError)) throw error;
        expect(error.message).toContain('hostile.parquet');
        return error.code;
      }
    };
    expect(await outcome(bytes.subarray(0, bytes.length - 20))).toBe('KAIRANK_CORRUPT_FILE');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (position, value) => {
        const altered = Uint8Array.from(bytes);
        altered[position] = value;
        expect(['rows', 'KAIRANK_CORRUPT_FILE']).toContain(await outcome(altered));
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a file is', () => {
  test('is known by its content where the name says nothing', async () => {
    expect((await openRecords(write('noname1', '{"a":1}\n'))).format).toBe('jsonl');
    expect((await openRecords(write('noname2', 'a,b\n1,2\n'))).format).toBe('csv');
    expect(
      (await openRecords(write('noname3', readFileSync(fileURLToPath(new URL('../fixtures/orders.zstd.parquet', import.meta.url))))))
        .format,
    ).toBe('parquet');
  });

  test.each([
    ['image.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]), 'KAIRANK_CORRUPT_FILE'],
    ['text.parquet', Buffer.from('user,item\nu1,i1\n'), 'KAIRANK_CORRUPT_FILE'],
    ['nothing.parquet', Buffer.alloc(0), 'KAIRANK_CORRUPT_FILE'],
    ['short.parquet', Buffer.from('PAR1'), 'KAIRANK_CORRUPT_FILE'],
    ['table.jsonl', Buffer.from('user,item\nu1,i1\n'), 'KAIRANK_CORRUPT_FILE'],
    ['objects.csv', Buffer.from('{"user":"u1"}\n'), 'KAIRANK_CORRUPT_FILE'],
    ['plain.csv.gz', Buffer.from('user,item\nu1,i1\n'), 'KAIRANK_CORRUPT_FILE'],
    ['parquet.csv', Buffer.from('PAR1xxxxPAR1'), 'KAIRANK_CORRUPT_FILE'],
    ['array.json', Buffer.from('[{"user":"u1"}]'), 'KAIRANK_UNSUPPORTED_FORMAT'],
    ['wide.csv', Buffer.from('\uFEFFuser,item\n', 'utf16le'), 'KAIRANK_UNSUPPORTED_FORMAT'],
    ['binary', Buffer.from([1, 2, 0, 4]), 'KAIRANK_UNSUPPORTED_FORMAT'],
    ['empty', Buffer.alloc(0), 'KAIRANK_UNSUPPORTED_FORMAT'],
  ])('%s is refused with the name of the file', async (name, bytes, code) => {
    const error = await failure(write(name, bytes));
    expect(error.code).toBe(code);
    expect(error.message).toContain(name);
  });

  test('a missing file and a folder are errors of reading', async () => {
    expect((await failure(`${folder}/none.csv`)).code).toBe('KAIRANK_IO');
    expect((await failure(folder)).code).toBe('KAIRANK_IO');
  });

  test('any bytes under any name end in records or a KairankError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('h.csv', 'h.jsonl', 'h.parquet', 'h', 'h.csv.gz'),
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.stringMatching(/^[{}",:;\n a\r1[\]]{0,60}$/).map((text) => new TextEncoder().encode(text)),
        ),
        async (name, bytes) => {
          const path = write(name, bytes);
          try {
            await readAll(path);
          } catch (error) {
            expect(error).toBeInstanceOf(KairankError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('an aborted reading stops', async () => {
    const path = write('abort.csv', 'a\n1\n');
    await expect(readAll(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
  });
});
