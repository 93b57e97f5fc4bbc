/** Adapters: what turns a shop's own records into events, one record at a time. */

import type { Fields } from '../../formats/records.js';
import type { ShopEvent } from '../events.js';

/** What records say about an item. */
export interface ItemFacts {
  title?: string;
  price?: number;
}

/** An event of a record, or why there is none: a few stable words, by which records are counted. */
export type Adapted = { event: ShopEvent & { at: number }; anonymous?: boolean } | { rejected: string };

export interface Adapter {
  /** Columns that it reads; a file of columns is read no further. */
  readonly columns: readonly string[];
  /** Sees the first records before any is adapted: units are found out here. Called once. */
  prepare(sample: readonly Fields[]): void;
  adapt(fields: Fields): Adapted;
  /** What it found out, for the report: `{ at: 'seconds' }`. */
  readonly notes: Readonly<Record<string, string>>;
  /** The items that the adapted records described; empty where records say nothing of items. */
  readonly items: ReadonlyMap<string, ItemFacts>;
}

/** Longest id that an event may carry, in UTF-16 units. */
const MAX_ID_LENGTH = 512;

/** An id as text: strings trimmed, numbers as they are written; undefined where there is none. */
export function asId(value: unknown): string | undefined {
  if (typeof value === 'string') {
    const text = value.trim();
    return text === '' ? undefined : text;
  }
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'bigint' ? value.toString() : undefined;
}

export function tooLong(id: string): boolean {
  return id.length > MAX_ID_LENGTH;
}

/** A finite number from a number or its text; undefined where there is none, NaN where it cannot be read. */
export function asNumber(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.trim() === '') return undefined;
  const number = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}
