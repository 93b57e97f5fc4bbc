/** What an engine needs of the place where it keeps things; a folder and memory both give it. */

import type { CatalogRecord, FieldValue } from '../catalog/schema.js';
import type { EventTypesRecord } from '../shopper/event-types.js';
import type { EventBlock } from './block.js';

export type ItemFields = Readonly<Record<string, FieldValue>>;

/** An item as the store keeps it. */
export interface StoredRecord {
  id: string;
  /** Its durable key. */
  key: number;
  fields: ItemFields;
}

/** What defines an engine beside its data. */
export interface StoreSettings {
  catalog: CatalogRecord;
  eventTypes: EventTypesRecord;
}

/** The bundle in use: its name, and what its manifest must hash to. */
export interface CurrentBundle {
  bundle: string;
  checksum: string;
}

/** What feedback taught beside a bundle. */
export interface OnlineState {
  bundle: string;
  state: Float32Array;
}

/** Changes and reads inside one transaction: it sees its own changes. */
export interface StoreTransaction {
  /** The durable key of an id; 0 when it has none. */
  keyOf(id: string): number;
  /** Gives an id its key. Keys count up from 1 and are never used again. */
  giveKey(id: string): number;
  /** The fields of an item that is there. */
  item(id: string): ItemFields | undefined;
  putItem(id: string, fields: ItemFields): void;
  /** Returns whether it was there. */
  removeItem(id: string): boolean;
  /** Remembers the id of an event; false when it was remembered before. */
  rememberEvent(id: string): boolean;
  readonly log: EventLogWriter;
  /** Makes this bundle the current one. */
  setCurrent(current: CurrentBundle): void;
  /** Keeps what feedback taught; what was kept before is replaced. */
  setOnline(online: OnlineState): void;
}

/** The end of the event log that is written to. A distributed log would stand behind this and {@link EventLogReader}. */
export interface EventLogWriter {
  append(block: EventBlock): void;
}

/** The log from its start, oldest block first; of memory, the events alone that say what was shown or answer to it. */
export interface EventLogReader {
  replay(): Iterable<EventBlock>;
}

export interface Store {
  /** null for memory. */
  readonly dir: string | null;
  readonly settings: StoreSettings;
  readonly current: CurrentBundle | null;
  readonly online: OnlineState | null;
  readonly log: EventLogReader;
  /** Every id that has a key, in the order of keys (1, 2, ...). */
  ids(): string[];
  /** Every item, in slices; without its vectors, which are most of the bytes, where `vectors` is false. Default: true. */
  items(options?: { vectors: boolean }): Iterable<StoredRecord[]>;
  item(id: string): ItemFields | undefined;
  /**
   * Runs a change; resolves once it is durable. Changes that wait share one commit, and take effect in the order of
   * the calls: `apply` runs in that order, right after the commit.
   */
  write<R>(change: (transaction: StoreTransaction) => R, apply?: (result: R) => void): Promise<R>;
  /** Waits for what is being written, then lets go of the folder. */
  close(): Promise<void>;
}
