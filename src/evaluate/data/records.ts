/** Interactions from files of records, through the same adapters as import. */

import { KairankError } from '../../errors.js';
import { openRecords } from '../../formats/index.js';
import type { FileRecord } from '../../formats/records.js';
import type { Adapter } from '../../shopper/adapters/adapter.js';
import { DEFAULT_WEIGHTS, EVENT_TYPES, type ShopEvent } from '../../shopper/events.js';
import { groupByUser, type Interaction, type Interactions, Numbering } from '../interactions.js';

export interface ReadInteractionsOptions {
  /** Makes the adapter, given the columns that the file states. */
  adapter: (columns: readonly string[] | undefined) => Adapter;
  /** Which events are kept. Default: those that speak for their item. */
  keep?: (event: ShopEvent) => boolean;
  signal?: AbortSignal | undefined;
}

/** What an event says about its item, as training counts it (see DEFAULT_WEIGHTS). */
function weightOf(event: ShopEvent): number {
  const type = EVENT_TYPES.find((known) => known === event.type);
  if (type === undefined) return 0;
  return DEFAULT_WEIGHTS[type] * (type === 'rating' ? (event.value ?? 0) : 1);
}

/**
 * Reads the interactions of a file. The events of a user that share a `session` (an invoice, a visit) and, where there is none, a
 * moment, are one basket, in which doing the same to an item again counts once (`again in the same basket`). Events that are not kept
 * are counted under `not of interest`.
 * @throws KairankError KAIRANK_NOT_ENOUGH_DATA when no record is usable; what {@link openRecords} throws.
 */
export async function readInteractions(path: string, options: ReadInteractionsOptions): Promise<Interactions> {
  const keep = options.keep ?? ((event: ShopEvent) => weightOf(event) > 0);
  const adapter = options.adapter((await openRecords(path)).columns);
  const file = await openRecords(path, { columns: adapter.columns, signal: options.signal });
  const users = new Numbering();
  const items = new Numbering();
  const baskets = new Numbering();
  const interactions: Interaction[] = [];
  const lines = new Set<string>();
  const anonymous: number[] = [];
  const rejected: Record<string, number> = {};
  const count = (reason: string): void => {
    rejected[reason] = (rejected[reason] ?? 0) + 1;
  };
  let prepared = false;
  for await (const batch of file.batches()) {
    if (!prepared) adapter.prepare(fieldsOf(batch));
    prepared = true;
    for (const record of batch) {
      if ('problem' in record) {
        count(record.problem);
        continue;
      }
      const adapted = adapter.adapt(record.fields);
      if ('rejected' in adapted) {
        count(adapted.rejected);
        continue;
      }
      const { event } = adapted;
      if (event.item === undefined || !keep(event)) {
        count('not of interest');
        continue;
      }
      const user = users.of(event.user);
      const row = items.of(event.item);
      const type = EVENT_TYPES.findIndex((known) => known === event.type);
      const basket = baskets.of(event.session ?? `${event.at} ${event.user}`);
      anonymous[user] = adapted.anonymous ? 1 : 0;
      const line = `${basket} ${row} ${type}`;
      if (lines.has(line)) {
        count('again in the same basket');
        continue;
      }
      lines.add(line);
      interactions.push({ user, row, type, weight: weightOf(event), at: event.at, basket });
    }
  }
  if (interactions.length === 0) {
    throw new KairankError('KAIRANK_NOT_ENOUGH_DATA', `${path}: none of its records is usable (${JSON.stringify(rejected)})`, {
      field: path,
    });
  }
  const grouped = groupByUser(interactions, users.names.length);
  return { users: users.names, items: items.names, ...grouped, anonymous: Uint8Array.from(anonymous), timed: true, rejected };
}

function fieldsOf(batch: readonly FileRecord[]): Readonly<Record<string, unknown>>[] {
  return batch.flatMap((record) => ('fields' in record ? [record.fields] : []));
}
