import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { readSafetensors, type Tensor, writeSafetensors } from '../../src/formats/safetensors.js';

const data = fc.oneof(
  fc.float32Array({ noNaN: true }),
  fc.float64Array({ noNaN: true }),
  fc.int32Array(),
  fc.uint32Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int8Array(),
  fc.uint8Array(),
);
const tensor: fc.Arbitrary<Tensor> = data.map((values) =>
  values.length % 2 === 0 && values.length > 0 ? { shape: [2, values.length / 2], data: values } : { shape: [values.length], data: values },
);
const files = fc.tuple(
  fc.array(fc.tuple(fc.string({ minLength: 1 }), tensor), { maxLength: 5 }).map((entries) => new Map(entries)),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
);

/** A file with a header written by hand. */
function file(header: unknown, body: number[] = []): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(body)]);
}

describe('safetensors', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(files, ([tensors, metadata]) => {
        const read = readSafetensors(writeSafetensors(tensors, metadata), 'test');
        expect(read.metadata).toEqual(metadata);
        expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
      }),
    );
  });

  it('reads the bytes of the format as published', () => {
    const bytes = file(
      '{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[1,9]},"b":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
      [7, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
    );
    const { tensors } = readSafetensors(bytes, 'test');
    expect(tensors.get('a')).toEqual({ shape: [1, 2], data: Float32Array.of(1, -2) });
    expect(tensors.get('b')).toEqual({ shape: [], data: Uint8Array.of(7) });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a header longer than the file', file('{}').subarray(0, 9)],
    ['a huge header', Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(20)])],
    ['no JSON', file('{"a":')],
    ['invalid UTF-8', Buffer.concat([file('{"a').subarray(0, 8), Buffer.from([0x7b, 0xff, 0x7d])])],
    ['an array as header', file([])],
    ['a number as entry', file({ a: 1 })],
    ['a negative offset', file({ a: { dtype: 'U8', shape: [1], data_offsets: [-1, 0] } })],
    ['an offset outside', file({ a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] } }, [1])],
    ['offsets backwards', file({ a: { dtype: 'U8', shape: [1], data_offsets: [1, 0] } }, [1])],
    ['a shape that does not fit', file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, [0, 0, 0, 0])],
    ['a shape that overflows', file({ a: { dtype: 'U8', shape: [2 ** 52, 2 ** 52], data_offsets: [0, 1] } }, [0])],
    ['a fractional shape', file({ a: { dtype: 'U8', shape: [0.5, 2], data_offsets: [0, 1] } }, [0])],
    [
      'an overlap',
      file({ a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, b: { dtype: 'U8', shape: [1], data_offsets: [1, 2] } }, [1, 2]),
    ],
    ['a gap', file({ a: { dtype: 'U8', shape: [1], data_offsets: [1, 2] } }, [1, 2])],
    ['bytes left over', file({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, [1, 2])],
    ['metadata that is not text', file({ __metadata__: { a: 1 } })],
  ])('refuses %s', (_, bytes) => {
    expect(() => readSafetensors(bytes, 'x.safetensors')).toThrowError(
      expect.objectContaining({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining('x.safetensors') as string }),
    );
  });

  it('refuses a type that JavaScript has no array for', () => {
    const bytes = file({ a: { dtype: 'BF16', shape: [1], data_offsets: [0, 2] } }, [1, 2]);
    expect(() => readSafetensors(bytes, 'test')).toThrowError(expect.objectContaining({ code: 'KAIRANK_UNSUPPORTED_FORMAT' }));
  });

  it('refuses every file that is cut off, and never throws anything but a KairankError on an altered one', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), ([tensors, metadata], place, changes) => {
        const bytes = writeSafetensors(tensors, metadata);
        expect(() => readSafetensors(bytes.subarray(0, place % bytes.length), 'test')).toThrow(KairankError);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          readSafetensors(bytes, 'test');
        } catch (error) {
          expect(error).toBeInstanceOf(KairankError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses to write a shape that does not fit', () => {
    expect(() => writeSafetensors(new Map([['a', { shape: [3], data: new Float32Array(2) }]]))).toThrow(KairankError);
  });
});
