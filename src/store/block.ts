/**
 * Blocks of the event log: many events in one record, by columns.
 *
 *   u32 magic, u32 CRC-32 of all that follows, u32 events, u32 bytes of the users, u32 bytes of the extras, u32 zero,
 *   users (JSON: the block's users), extras (JSON: [index, extras] of the events that carry any), padded to 8,
 *   f64 times, f64 item keys (0: none), f64 values (NaN: none), u32 indexes into users, u16 types; all little-endian.
 */

import { crc32 } from 'node:zlib';
import { KairankError } from '../errors.js';
import type { EventExtras } from '../shopper/validate.js';

/** Extras with the id that deduplicates, so that the log alone can rebuild everything. */
export type LoggedExtras = EventExtras & { id?: string };

/** Events in the order they were accepted. */
export interface EventBlock {
  readonly users: readonly string[];
  /** Durable keys; 0 for none. */
  readonly itemKeys: Float64Array;
  readonly types: Uint16Array;
  readonly times: Float64Array;
  /** NaN for none. */
  readonly values: Float64Array;
  readonly extras: readonly (LoggedExtras | null)[];
}

const MAGIC = 0x3145424b; // "KBE1"
const PREFIX_BYTES = 24;
const EVENT_BYTES = 8 + 8 + 8 + 4 + 2;
/** Most events of one block: enough to be worth a record, few enough to decode in one turn. */
export const BLOCK_EVENTS = 8192;

export function encodeBlock(block: EventBlock): Buffer {
  const count = block.users.length;
  const users: string[] = [];
  const indexes = new Map<string, number>();
  const userIndexes = new Uint32Array(count);
  for (const [position, user] of block.users.entries()) {
    let index = indexes.get(user);
    if (index === undefined) {
      index = users.push(user) - 1;
      indexes.set(user, index);
    }
    userIndexes[position] = index;
  }
  const extras = block.extras.flatMap((one, index) => (one ? [[index, one]] : []));
  const usersText = Buffer.from(JSON.stringify(users), 'utf8');
  const extrasText = Buffer.from(JSON.stringify(extras), 'utf8');
  const textEnd = Math.ceil((PREFIX_BYTES + usersText.length + extrasText.length) / 8) * 8;
  const bytes = Buffer.alloc(textEnd + count * EVENT_BYTES);
  for (const [index, word] of [MAGIC, 0, count, usersText.length, extrasText.length].entries()) bytes.writeUInt32LE(word, index * 4);
  usersText.copy(bytes, PREFIX_BYTES);
  extrasText.copy(bytes, PREFIX_BYTES + usersText.length);
  let at = textEnd;
  for (const column of [block.times, block.itemKeys, block.values, userIndexes, block.types]) {
    at += Buffer.from(column.buffer, column.byteOffset, column.byteLength).copy(bytes, at);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

function damaged(name: string, what: string): never {
  throw new KairankError('KAIRANK_CORRUPT_FILE', `${name}: ${what}`, { field: name, received: what });
}

/** Copies out a column: the bytes come from memory that the next read overwrites, at any alignment. */
function column<T extends Float64Array | Uint32Array | Uint16Array>(into: T, bytes: Buffer, at: number): T {
  bytes.copy(Buffer.from(into.buffer), 0, at, at + into.byteLength);
  return into;
}

/**
 * Decodes a block.
 * @param name what to call the record in an error
 * @throws KairankError KAIRANK_CORRUPT_FILE when it is not what was written
 */
export function decodeBlock(bytes: Buffer, name: string): EventBlock {
  if (bytes.length < PREFIX_BYTES || bytes.readUInt32LE(0) !== MAGIC) damaged(name, 'not a block of events');
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) damaged(name, 'the checksum of a block of events is wrong');
  const count = bytes.readUInt32LE(8);
  const usersEnd = PREFIX_BYTES + bytes.readUInt32LE(12);
  const extrasEnd = usersEnd + bytes.readUInt32LE(16);
  const textEnd = Math.ceil(extrasEnd / 8) * 8;
  if (bytes.length !== textEnd + count * EVENT_BYTES) damaged(name, 'a block of events has the wrong length');
  // The checksum held: the text is what encodeBlock wrote.
  const users = JSON.parse(bytes.toString('utf8', PREFIX_BYTES, usersEnd)) as string[];
  const extrasText = bytes.toString('utf8', usersEnd, extrasEnd);
  const times = column(new Float64Array(count), bytes, textEnd);
  const itemKeys = column(new Float64Array(count), bytes, textEnd + count * 8);
  const values = column(new Float64Array(count), bytes, textEnd + count * 16);
  const userIndexes = column(new Uint32Array(count), bytes, textEnd + count * 24);
  const types = column(new Uint16Array(count), bytes, textEnd + count * 28);
  return {
    users: Array.from(userIndexes, (index) => users[index] ?? damaged(name, 'a block of events names no user')),
    itemKeys,
    types,
    times,
    values,
    // Opening a folder needs none of this, and parsing it takes longer than all the rest.
    get extras(): (LoggedExtras | null)[] {
      const extras = new Array<LoggedExtras | null>(count).fill(null);
      for (const [index, one] of JSON.parse(extrasText) as [number, LoggedExtras][]) extras[index] = one;
      return extras;
    },
  };
}
