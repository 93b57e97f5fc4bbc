/** Import: files of records into an engine. Nothing that a record holds is fatal, and nothing is dropped in silence. */

import { KairankError } from '../errors.js';
import { openRecords } from '../formats/index.js';
import type { FileRecord } from '../formats/records.js';
import type { Adapter } from './adapters/adapter.js';
import type { ItemAdapter, ItemRecord } from './adapters/items.js';
import type { AddedEvents, ShopEvent } from './events.js';
import { Rejections } from './rejections.js';

/** The part of an engine that an import needs. */
export interface ImportTarget {
  events: { add(events: readonly ShopEvent[]): Promise<AddedEvents> };
  items: { put(items: readonly ItemRecord[]): Promise<{ put: number }> };
}

export interface ImportOptions {
  /** Folder for the file of rejected records. */
  folder: string;
  signal?: AbortSignal | undefined;
  /** Called after each batch with the share of the file that is done, 0 to 1, and the records read. */
  onProgress?: (done: number, read: number) => void;
}

export interface ImportReport {
  /** Records in the file, empty lines aside. */
  read: number;
  /** Events or items that the engine took. */
  accepted: number;
  /** Events whose id the engine had already. */
  duplicates: number;
  rejected: Record<string, number>;
  /** Where the rejected records are; null when there are none. */
  rejectedFile: string | null;
  /** What was found out about the file: `{ at: 'seconds' }`. */
  notes: Readonly<Record<string, string>>;
}

/** A record on its way into the engine. */
interface Pending<T> {
  at: number;
  record: unknown;
  value: T;
}

/**
 * Imports a file of events. A file may be cut short or broken later on: what came before is in the engine then, and the error says
 * so. Events that the engine itself refuses are rejected one by one.
 *
 * @param createAdapter makes the adapter, given the columns that the file states.
 * @throws what {@link openRecords} throws; KAIRANK_IO when rejected records cannot be written; KAIRANK_ABORTED.
 */
export async function importEvents(
  target: ImportTarget,
  path: string,
  createAdapter: (columns: readonly string[] | undefined) => Adapter,
  options: ImportOptions,
): Promise<ImportReport & { adapter: Adapter }> {
  const adapter = createAdapter((await openRecords(path)).columns);
  const totals = { accepted: 0, duplicates: 0 };
  let prepared = false;
  const outcome = await importBatches(path, 'events', adapter.columns, options, async (batch, rejections) => {
    if (!prepared) adapter.prepare(batch.flatMap((record) => ('fields' in record ? [record.fields] : [])));
    prepared = true;
    const pending: Pending<ShopEvent>[] = [];
    for (const record of batch) {
      if ('problem' in record) {
        await rejections.add(record.problem, record.at, record.text);
        continue;
      }
      const adapted = adapter.adapt(record.fields);
      if ('rejected' in adapted) await rejections.add(adapted.rejected, record.at, record.fields);
      else pending.push({ at: record.at, record: record.fields, value: adapted.event });
    }
    await addAll(pending, rejections, async (events) => {
      const added = await target.events.add(events);
      totals.accepted += added.accepted;
      totals.duplicates += added.duplicates;
    });
  });
  return { ...outcome, ...totals, notes: adapter.notes, adapter };
}

/** Imports a file of items; see {@link importEvents}. */
export async function importItems(target: ImportTarget, path: string, adapter: ItemAdapter, options: ImportOptions): Promise<ImportReport> {
  let accepted = 0;
  const outcome = await importBatches(path, 'items', undefined, options, async (batch, rejections) => {
    const pending: Pending<ItemRecord>[] = [];
    for (const record of batch) {
      if ('problem' in record) {
        await rejections.add(record.problem, record.at, record.text);
        continue;
      }
      const adapted = adapter.adapt(record.fields);
      if ('rejected' in adapted) await rejections.add(adapted.rejected, record.at, record.fields);
      else pending.push({ at: record.at, record: record.fields, value: adapted.item });
    }
    await addAll(pending, rejections, async (items) => {
      accepted += (await target.items.put(items)).put;
    });
  });
  return { ...outcome, accepted, duplicates: 0, notes: adapter.notes };
}

/** Reads a file batch by batch, and keeps the books. */
async function importBatches(
  path: string,
  kind: 'events' | 'items',
  columns: readonly string[] | undefined,
  options: ImportOptions,
  take: (batch: FileRecord[], rejections: Rejections) => Promise<void>,
): Promise<Pick<ImportReport, 'read' | 'rejected' | 'rejectedFile'>> {
  const file = await openRecords(path, { ...(columns ? { columns } : {}), signal: options.signal });
  const rejections = new Rejections(options.folder, kind, new Date());
  let read = 0;
  try {
    for await (const batch of file.batches()) {
      await take(batch, rejections);
      read += batch.length;
      options.onProgress?.(file.progress(), read);
    }
  } finally {
    await rejections.close();
  }
  return { read, rejected: rejections.counts, rejectedFile: rejections.path };
}

/** What the engine says of one value, rather than of the call as a whole. */
function isAboutValue(error: unknown): error is KairankError {
  return (
    error instanceof KairankError && ['KAIRANK_INVALID_ARGUMENT', 'KAIRANK_INVALID_SCHEMA', 'KAIRANK_UNKNOWN_FIELD'].includes(error.code)
  );
}

/** Adds values together; when the engine refuses one of them, halves find it, and the others go in. */
async function addAll<T>(pending: Pending<T>[], rejections: Rejections, add: (values: T[]) => Promise<void>): Promise<void> {
  if (pending.length === 0) return;
  try {
    await add(pending.map(({ value }) => value));
  } catch (error) {
    if (!isAboutValue(error)) throw error;
    const [only] = pending;
    if (pending.length === 1 && only) {
      await rejections.add(`refused: ${error.field?.replace(/^[^.]*\]\.?/, '') || 'record'}`, only.at, only.record);
      return;
    }
    const half = pending.length >> 1;
    await addAll(pending.slice(0, half), rejections, add);
    await addAll(pending.slice(half), rejections, add);
  }
}
