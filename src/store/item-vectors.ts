/**
 * Vectors of an item in a record of their own, so that opening a folder, which needs the other fields of every item, does not read
 * them. They are kept as the bytes of their little-endian f32: 512 numbers take 2 KiB, and come back bit by bit.
 */

import type { ItemFields } from './store.js';

/** Bytes of each vector by the name of its field. */
export type VectorRecord = Readonly<Record<string, Uint8Array>>;

/** An item's fields in two: what its own record keeps, and its vectors; null where it has none. */
export function splitItem(fields: ItemFields): { plain: ItemFields; vectors: VectorRecord | null } {
  const vectors: Record<string, Uint8Array> = {};
  const plain: Record<string, ItemFields[string]> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Float32Array) vectors[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    else plain[name] = value;
  }
  return Object.keys(vectors).length === 0 ? { plain: fields, vectors: null } : { plain, vectors };
}

/**
 * The fields with the vectors among them, each in memory of its own.
 * @param corrupt throws, told what is wrong
 */
export function joinItem(plain: ItemFields, vectors: VectorRecord | undefined, corrupt: (what: string) => never): ItemFields {
  if (vectors === undefined) return plain;
  const whole: Record<string, ItemFields[string]> = { ...plain };
  for (const [name, bytes] of Object.entries(vectors)) {
    if (!(bytes instanceof Uint8Array) || bytes.byteLength % 4 !== 0) corrupt(`the vector ${JSON.stringify(name)} of an item is damaged`);
    // The bytes may stand at any alignment.
    whole[name] = new Float32Array(new Uint8Array(bytes).buffer);
  }
  return whole;
}
