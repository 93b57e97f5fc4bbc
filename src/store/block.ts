/**
 * Blocks of the event log: many events in one record, by columns.
 *
 *   u32 magic, u32 CRC-32 of all that follows, u32 events, u32 bytes of the header,
 *   header (JSON: { users: the block's users, extras: [index, extras] of the events that carry any }), padded to 8,
 *   f64 times, f64 item keys (0: none), u32 indexes into users, u16 types; all little-endian.
 */

import { crc32 } from 'node:zlib';
import { KairankError } from '../errors.js';
import type { EventExtras } from '../shopper/validate.js';

/** Extras with the id that deduplicates, so that the log alone can rebuild everything. */
export type LoggedExtras = EventExtras & { id?: string };

/** Events in the order they were accepted; items by their durable keys, 0 for none. */
export interface EventBlock {
  users: string[];
  itemKeys: Float64Array;
  types: Uint16Array;
  times: Float64Array;
  extras: (LoggedExtras | null)[];
}

const MAGIC = 0x3145424b; // "KBE1"
const PREFIX_BYTES = 16;
const EVENT_BYTES = 8 + 8 + 4 + 2;
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
  const header = Buffer.from(JSON.stringify({ users, extras }), 'utf8');
  const headerEnd = Math.ceil((PREFIX_BYTES + header.length) / 8) * 8;
  const bytes = Buffer.alloc(headerEnd + count * EVENT_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(count, 8);
  bytes.writeUInt32LE(header.length, 12);
  header.copy(bytes, PREFIX_BYTES);
  let at = headerEnd;
  for (const column of [block.times, block.itemKeys, userIndexes, block.types]) {
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
  const headerLength = bytes.readUInt32LE(12);
  const headerEnd = Math.ceil((PREFIX_BYTES + headerLength) / 8) * 8;
  if (bytes.length !== headerEnd + count * EVENT_BYTES) damaged(name, 'a block of events has the wrong length');
  // The checksum held, so that this is what was written.
  const header = JSON.parse(bytes.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headerLength)) as {
    users: string[];
    extras: [number, LoggedExtras][];
  };
  const times = column(new Float64Array(count), bytes, headerEnd);
  const itemKeys = column(new Float64Array(count), bytes, headerEnd + count * 8);
  const userIndexes = column(new Uint32Array(count), bytes, headerEnd + count * 16);
  const types = column(new Uint16Array(count), bytes, headerEnd + count * 20);
  const extras = new Array<LoggedExtras | null>(count).fill(null);
  for (const [index, one] of header.extras) extras[index] = one;
  const users = Array.from(userIndexes, (index) => header.users[index] ?? damaged(name, 'a block of events names no user'));
  return { users, itemKeys, types, times, extras };
}
