/**
 * The header of a safetensors file: u64 length, then JSON that says which array lies where in the bytes that follow
 * (https://github.com/huggingface/safetensors). Nothing in it is believed before it is checked.
 */

import { KairankError } from '../errors.js';

/** Bytes of one value, by the name that the format gives its type. */
export const TENSOR_BYTES = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type TensorTypeName = keyof typeof TENSOR_BYTES;

/** Where an array lies, in bytes from the end of the header. */
export interface TensorEntry {
  type: TensorTypeName;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** The format's own limit on its header. */
const MAX_HEADER = 100_000_000;
export const METADATA = '__metadata__';
const MAX_RANK = 8;

export function product(shape: readonly number[]): number {
  return shape.reduce((all, one) => all * one, 1);
}

/** What every reader of a file says when it is not as it should be. @param name what to call the file */
export function corruptSafetensors(name: string, what: string): never {
  throw new KairankError('KAIRANK_CORRUPT_FILE', `${name}: ${what}`, { field: name, expected: 'a safetensors file', received: what });
}

/**
 * The length of the header, from the first 8 bytes of a file of `size` bytes.
 * @throws KairankError KAIRANK_CORRUPT_FILE
 */
export function headerLength(start: Uint8Array, size: number, name: string): number {
  if (size < 10 || start.length < 8) corruptSafetensors(name, 'too short for a safetensors file');
  const length = Number(new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > size) corruptSafetensors(name, 'the header is longer than the file');
  return length;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTypeName(value: unknown): value is TensorTypeName {
  return typeof value === 'string' && Object.hasOwn(TENSOR_BYTES, value);
}

class HeaderReader {
  constructor(private readonly name: string) {}

  fail(what: string): never {
    corruptSafetensors(this.name, what);
  }

  parse(bytes: Uint8Array): Record<string, unknown> {
    let header: unknown;
    try {
      header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      this.fail('the header is not JSON');
    }
    return this.#object(header, 'the header');
  }

  #object(value: unknown, what: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(`${what} is not an object`);
    return value as Record<string, unknown>;
  }

  metadata(value: unknown): Record<string, string> {
    if (value === undefined) return {};
    const entries = Object.entries(this.#object(value, METADATA)).map(([name, text]): [string, string] =>
      typeof text === 'string' ? [name, text] : this.fail(`${METADATA} holds what is not a string`),
    );
    return Object.fromEntries(entries);
  }

  entry(name: string, value: unknown, bodyLength: number): TensorEntry {
    const what = `tensor ${JSON.stringify(name)}`;
    const { dtype: type, shape, data_offsets: offsets } = this.#object(value, what);
    if (!isTypeName(type)) {
      throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${this.name}: ${what} is of type ${JSON.stringify(type)}`, {
        field: this.name,
        expected: Object.keys(TENSOR_BYTES).join(', '),
      });
    }
    if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) this.fail(`${what} has no valid shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) this.fail(`${what} has no valid offsets`);
    const [begin = 0, end = 0] = offsets;
    if (begin > end || end > bodyLength) this.fail(`${what} lies outside the file`);
    if (product(shape) * TENSOR_BYTES[type] !== end - begin) this.fail(`${what} has a shape that does not fit its bytes`);
    return { type, shape, begin, end };
  }
}

/**
 * Parses a header, and checks that its arrays fill the body without gap or overlap.
 * @param bytes the JSON alone
 * @param bodyLength bytes of the file behind the header
 * @param name what to call the file in an error
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT (a type that the format does not have)
 */
export function parseHeader(bytes: Uint8Array, bodyLength: number, name: string): SafetensorsHeader {
  const reader = new HeaderReader(name);
  const header = reader.parse(bytes);
  const metadata = reader.metadata(header[METADATA]);
  const tensors = new Map<string, TensorEntry>();
  for (const tensor of Object.keys(header)) {
    if (tensor !== METADATA) tensors.set(tensor, reader.entry(tensor, header[tensor], bodyLength));
  }
  let last = 0;
  for (const [tensor, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== last) reader.fail(`tensor ${JSON.stringify(tensor)} overlaps another, or leaves a gap`);
    last = end;
  }
  if (last !== bodyLength) reader.fail('the file is longer or shorter than its header says');
  return { tensors, metadata };
}
