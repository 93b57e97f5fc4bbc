/**
 * Safetensors: named arrays in one file. u64 length of a JSON header, the header, then the bytes of the arrays, little-endian,
 * without gaps (https://github.com/huggingface/safetensors). Nothing in a file is believed before it is checked.
 */

import { KairankError } from '../errors.js';
import { headerLength, METADATA, parseHeader, product } from './safetensors-header.js';

/** Arrays by the names that the format gives their types; those that JavaScript has an array for. */
const TYPES = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;
type TypeName = keyof typeof TYPES;
export type TensorData = Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

/** An array and its shape, row-major: the product of the shape is the length of the data. */
export interface Tensor {
  shape: readonly number[];
  data: TensorData;
}

export interface Safetensors {
  tensors: Map<string, Tensor>;
  metadata: Record<string, string>;
}

function typeOf(data: TensorData): TypeName {
  for (const [name, type] of Object.entries(TYPES)) if (data instanceof type) return name as TypeName;
  throw new KairankError('KAIRANK_INVALID_ARGUMENT', 'tensor: expected a typed array that safetensors can hold', { field: 'tensor' });
}

/**
 * The bytes of a file. Wider types go first, so that every array starts at a multiple of its own width.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT for a shape that does not fit its data
 */
export function writeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const order = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  // No prototype: an array may bear any name.
  const header: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  let end = 0;
  for (const [name, { shape, data }] of order) {
    if (name === METADATA || product(shape) !== data.length) {
      throw new KairankError(
        'KAIRANK_INVALID_ARGUMENT',
        `tensors.${name}: expected ${data.length} values by its shape [${shape.join(', ')}]`,
        {
          field: `tensors.${name}`,
        },
      );
    }
    header[name] = { dtype: typeOf(data), shape: [...shape], data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = Buffer.alloc(8 + length + end, 0x20);
  bytes.writeBigUInt64LE(BigInt(length), 0);
  text.copy(bytes, 8);
  let at = 8 + length;
  for (const [, { data }] of order) at += Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(bytes, at);
  return bytes;
}

function hasArray(type: string): type is TypeName {
  return Object.hasOwn(TYPES, type);
}

/** Copies bytes into an array of their own: in the file they stand at any alignment. */
function copy(type: TypeName, bytes: Uint8Array): TensorData {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return new TYPES[type](own.buffer);
}

/**
 * Reads a file that is in memory.
 * @param name what to call it in an error
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT (a type that JavaScript has no array for)
 */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const length = headerLength(bytes, bytes.length, name);
  const body = bytes.subarray(8 + length);
  const { tensors: entries, metadata } = parseHeader(bytes.subarray(8, 8 + length), body.length, name);
  const tensors = new Map<string, Tensor>();
  for (const [tensor, { type, shape, begin, end }] of entries) {
    if (!hasArray(type)) {
      throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${name}: tensor ${JSON.stringify(tensor)} is of type "${type}"`, {
        field: name,
        expected: Object.keys(TYPES).join(', '),
      });
    }
    tensors.set(tensor, { shape, data: copy(type, body.subarray(begin, end)) });
  }
  return { tensors, metadata };
}
