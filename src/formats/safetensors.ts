/**
 * Safetensors: named arrays in one file. u64 length of a JSON header, the header, then the bytes of the arrays, little-endian,
 * without gaps (https://github.com/huggingface/safetensors). Nothing in a file is believed before it is checked.
 */

import { KairankError } from '../errors.js';

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

/** The format's own limit on its header. */
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';
const MAX_RANK = 8;

function typeOf(data: TensorData): TypeName {
  for (const [name, type] of Object.entries(TYPES)) if (data instanceof type) return name as TypeName;
  throw new KairankError('KAIRANK_INVALID_ARGUMENT', 'tensor: expected a typed array that safetensors can hold', { field: 'tensor' });
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, one) => all * one, 1);
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

class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly name: string,
  ) {}

  fail(what: string): never {
    throw new KairankError('KAIRANK_CORRUPT_FILE', `${this.name}: ${what}`, {
      field: this.name,
      expected: 'a safetensors file',
      received: what,
    });
  }

  read(): Safetensors {
    if (this.bytes.length < 10) this.fail('too short for a safetensors file');
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    const length = Number(view.getBigUint64(0, true));
    if (length > MAX_HEADER || 8 + length > this.bytes.length) this.fail('the header is longer than the file');
    const body = this.bytes.subarray(8 + length);
    const header = this.#header(length);
    const metadata = this.#metadata(header[METADATA]);
    const tensors = new Map<string, Tensor>();
    const spans: { name: string; begin: number; end: number }[] = [];
    for (const name of Object.keys(header)) {
      if (name === METADATA) continue;
      const { type, shape, begin, end } = this.#entry(name, header[name], body.length);
      spans.push({ name, begin, end });
      tensors.set(name, { shape, data: copy(type, body.subarray(begin, end)) });
    }
    spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
    let end = 0;
    for (const span of spans) {
      if (span.begin !== end) this.fail(`tensor ${JSON.stringify(span.name)} overlaps another, or leaves a gap`);
      end = span.end;
    }
    if (end !== body.length) this.fail('the file is longer or shorter than its header says');
    return { tensors, metadata };
  }

  #header(length: number): Record<string, unknown> {
    let header: unknown;
    try {
      header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(this.bytes.subarray(8, 8 + length)));
    } catch {
      this.fail('the header is not JSON');
    }
    return this.#object(header, 'the header');
  }

  #object(value: unknown, what: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(`${what} is not an object`);
    return value as Record<string, unknown>;
  }

  #metadata(value: unknown): Record<string, string> {
    if (value === undefined) return {};
    const entries = Object.entries(this.#object(value, METADATA)).map(([name, text]): [string, string] =>
      typeof text === 'string' ? [name, text] : this.fail(`${METADATA} holds what is not a string`),
    );
    return Object.fromEntries(entries);
  }

  #entry(name: string, value: unknown, bodyLength: number): { type: TypeName; shape: number[]; begin: number; end: number } {
    const what = `tensor ${JSON.stringify(name)}`;
    const entry = this.#object(value, what);
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== 'string' || !Object.hasOwn(TYPES, dtype)) {
      throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${this.name}: ${what} is of type ${JSON.stringify(dtype)}`, {
        field: this.name,
        expected: Object.keys(TYPES).join(', '),
      });
    }
    const type = dtype as TypeName;
    if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) this.fail(`${what} has no valid shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) this.fail(`${what} has no valid offsets`);
    const [begin = 0, end = 0] = offsets;
    if (begin > end || end > bodyLength) this.fail(`${what} lies outside the file`);
    if (product(shape) * TYPES[type].BYTES_PER_ELEMENT !== end - begin) this.fail(`${what} has a shape that does not fit its bytes`);
    return { type, shape, begin, end };
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
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
  return new Reader(bytes, name).read();
}
