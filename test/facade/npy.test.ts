import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { FLOAT_BYTES, readMatrix } from '../../src/formats/matrix.js';
import { openNpy } from '../../src/formats/npy.js';
import { scratch } from './scratch.js';
import { floatBytes, npy, npyFile } from './vector-writers.js';

const { write } = scratch();

async function read(path: string): Promise<{ rows: number; dim: number; values: number[] }> {
  const layout = await openNpy(path);
  const values: number[] = [];
  for await (const slice of readMatrix(layout)) values.push(...slice.values);
  return { rows: layout.rows, dim: layout.dim, values };
}

/** Numbers that half precision holds exactly, the smallest and largest among them. */
const halves = fc.oneof(
  fc.integer({ min: -2048, max: 2048 }),
  fc.constantFrom(
    65504,
    -65504,
    2 ** -14,
    2 ** -24,
    -3 * 2 ** -24,
    1023 * 2 ** -24,
    0.5,
    1 / 1024,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
  ),
);
const matrices = fc
  .tuple(
    fc.nat(7),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom('<f2' as const, '<f4' as const, '<f8' as const),
    fc.constantFrom(1, 2, 3),
  )
  .chain(([rows, dim, descr, version]) =>
    fc.record({
      rows: fc.constant(rows),
      dim: fc.constant(dim),
      descr: fc.constant(descr),
      version: fc.constant(version),
      values: fc.array(descr === '<f2' ? halves : descr === '<f4' ? fc.float() : fc.double(), {
        minLength: rows * dim,
        maxLength: rows * dim,
      }),
    }),
  );

describe('npy', () => {
  it('comes back as it went, in f32', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async ({ rows, dim, values, descr, version }) => {
        const back = await read(write('round.npy', npy(rows, dim, values, descr, version)));
        expect(back).toEqual({ rows, dim, values: values.map(Math.fround) });
      }),
    );
  });

  it('is read over slices', async () => {
    const values = Array.from({ length: 10_000 * 3 }, (_, index) => index);
    expect((await read(write('long.npy', npy(10_000, 3, values)))).values).toEqual(values);
  });

  it.each([
    ['keys in another order', `{"shape": (1, 2), "fortran_order": False, "descr": "<f4"}`],
    ['long numbers of Python 2', `{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }`],
  ])('takes %s', async (_, dictionary) => {
    const path = write('other.npy', npyFile(dictionary, floatBytes('<f4', [1, 2])));
    expect(await read(path)).toEqual({ rows: 1, dim: 2, values: [1, 2] });
  });

  const header = (descr: string, fortran: string, shape: string): string =>
    `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  it.each([
    ['Fortran order', header("'<f4'", 'True', '(1, 2)'), /Fortran order/],
    ['big-endian', header("'>f4'", 'False', '(1, 2)'), /big-endian/],
    ['Python objects', header("'|O'", 'False', '(1, 2)'), /Python objects/],
    ['whole numbers', header("'<i8'", 'False', '(1, 1)'), /<i8/],
    ['a structured array', header("[('x', '<f4')]", 'False', '(2,)'), /structured/],
    ['one dimension', header("'<f4'", 'False', '(2,)'), /1 dimensions/],
    ['no dimension', header("'<f4'", 'False', '()'), /0 dimensions/],
    ['three dimensions', header("'<f4'", 'False', '(1, 2, 1)'), /3 dimensions \(1 × 2 × 1\)/],
  ])('refuses %s, and says so', async (_, dictionary, message) => {
    const path = write('unsupported.npy', npyFile(dictionary, new Uint8Array(8)));
    const error = await openNpy(path).then(String, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'KAIRANK_UNSUPPORTED_FORMAT', field: path, message: expect.stringMatching(message) as string });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['magic alone', Buffer.from('\x93NUMPY', 'latin1')],
    ['another beginning', Buffer.from('\x92NUMPY\x01\x00\x00\x00', 'latin1')],
    ['a header beyond the file', Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff{}', 'latin1')],
    ['code', npyFile(`{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), '__class__': exit()}`, new Uint8Array(8))],
    ['a call for a shape', npyFile(header("'<f4'", 'False', 'tuple(1, 2)'), new Uint8Array(8))],
    ['a key twice', npyFile(`{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}`, new Uint8Array(8))],
    ['a key missing', npyFile(`{'descr': '<f4', 'shape': (1, 2)}`, new Uint8Array(8))],
    ['something behind the dictionary', npyFile(`${header("'<f4'", 'False', '(1, 2)')} 3`, new Uint8Array(8))],
    ['no comma', npyFile(`{'descr': '<f4' 'fortran_order': False, 'shape': (1, 2)}`, new Uint8Array(8))],
    ['a negative size', npyFile(header("'<f4'", 'False', '(-1, 2)'), new Uint8Array(8))],
    ['a size beyond all files', npyFile(header("'<f4'", 'False', '(9007199254740991, 9007199254740991)'), new Uint8Array(8))],
    ['a size that is no safe number', npyFile(header("'<f4'", 'False', '(9999999999999999, 1)'), new Uint8Array(8))],
    ['an endless shape', npyFile(header("'<f4'", 'False', `(${'1, '.repeat(40)})`), new Uint8Array(4))],
    ['less data', npyFile(header("'<f4'", 'False', '(1, 2)'), new Uint8Array(7))],
    ['more data', npyFile(header("'<f4'", 'False', '(1, 2)'), new Uint8Array(9))],
  ])('refuses %s as damaged', async (_, bytes) => {
    const path = write('damaged.npy', bytes);
    await expect(openNpy(path)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
  });

  it('cut off anywhere is refused as damaged, and named', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.nat(), async ({ rows, dim, values, descr, version }, place) => {
        const bytes = npy(rows, dim, values, descr, version);
        const path = write('cut.npy', bytes.subarray(0, place % bytes.length));
        await expect(openNpy(path)).rejects.toMatchObject({
          code: 'KAIRANK_CORRUPT_FILE',
          message: expect.stringContaining('cut.npy') as string,
        });
      }),
    );
  });

  it('with altered bytes ends in a matrix of the same size of data or a KairankError', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.array(fc.tuple(fc.nat(140), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (matrix, changes) => {
        const { rows, dim, values, descr, version } = matrix;
        const bytes = npy(rows, dim, values, descr, version);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const layout = await openNpy(write('altered.npy', bytes));
          expect(layout.offset + layout.rows * layout.dim * FLOAT_BYTES[layout.type]).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(KairankError);
          expect(error).toMatchObject({ code: expect.stringMatching(/^KAIRANK_(CORRUPT_FILE|UNSUPPORTED_FORMAT)$/) as string });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
