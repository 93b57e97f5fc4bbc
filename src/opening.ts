/** Options of `Engine.open`, checked, and what they make of the settings that a folder stores. */

import { type Catalog, type Fields, fromRecord, growCatalog, toRecord } from './catalog/schema.js';
import { KairankError } from './errors.js';
import { boolean, integer, number, oneOf, onlyKeys, record, refuse, signal } from './options.js';
import { growEventTypes } from './shopper/event-types.js';
import type { EventTypes } from './shopper/events.js';
import { FolderStore } from './store/folder.js';
import type { StoreSettings } from './store/store.js';

export interface OpenOptions<F extends Fields = Fields, T extends string = string> {
  /**
   * What items look like. Required for a new folder, and in memory; else default: the stored one. It may name new
   * optional fields; any other difference is refused.
   */
  catalog?: Catalog<F>;
  /** The shop's own event types, and other weights for built-in ones. Default: the stored ones. */
  eventTypes?: Readonly<Record<T, { weight: number }>> & EventTypes;
  /**
   * What becomes of an id that the engine meets in an event for the first time: `hold` keeps the event, and shows the
   * item once it is put; `admit` makes it an item without fields. Default: hold.
   */
  unknownItems?: 'hold' | 'admit';
  /**
   * Whether the order of lists learns from what shoppers choose of them: from events that name the `requestId` of the
   * answer, at once and between trainings. What worsens is taken back by itself. Default: true.
   */
  online?: boolean;
  /** Opens beside the owner, as the folder is now; every write fails with KAIRANK_READ_ONLY. Default: false. */
  readOnly?: boolean;
  /** Requests that may wait; more are refused with KAIRANK_OVERLOADED. 1 to 1,000,000. Default: 10,000. */
  queueLimit?: number;
  /**
   * Microseconds for which a request waits for others to be answered with, where the queue is empty otherwise: requests of a batch read
   * the catalogue together. Worth it under load and with large catalogues alone; under load batches form by themselves, too.
   * 0 to 10,000. Default: 0.
   */
  gather?: number;
  /**
   * Milliseconds that a request may wait in the queue and lose nothing. One that waited longer goes without reasons, from twice
   * that without the ranker, from four times without attention; the answer says so (`degraded`). 0 to 60,000; 0: never. Default: 50.
   */
  pressure?: number;
  /** Stops the opening. */
  signal?: AbortSignal;
}

const DEFAULT_QUEUE = 10_000;
const MAX_QUEUE = 1_000_000;
const MAX_GATHER = 10_000;
const DEFAULT_PRESSURE = 50;
const MAX_PRESSURE = 60_000;

export interface CheckedOptions {
  dir: string | null;
  catalog: Catalog | undefined;
  eventTypes: unknown;
  admit: boolean;
  online: boolean;
  readOnly: boolean;
  queueLimit: number;
  gather: number;
  pressure: number;
  signal: AbortSignal | undefined;
}

export function checkOpenOptions(dir: unknown, value: unknown): CheckedOptions {
  if (dir !== null && (typeof dir !== 'string' || dir === '' || dir.includes('\0'))) refuse('dir', 'a path, or null for memory', dir);
  const options = record('options', value);
  onlyKeys('', options, ['catalog', 'eventTypes', 'unknownItems', 'online', 'readOnly', 'queueLimit', 'gather', 'pressure', 'signal']);
  const { catalog, eventTypes, unknownItems, online, readOnly, queueLimit, gather, pressure } = options;
  const checked: CheckedOptions = {
    dir,
    // Every part of it is checked again by toRecord.
    catalog: catalog === undefined ? undefined : (record('catalog', catalog) as unknown as Catalog),
    eventTypes,
    admit: unknownItems !== undefined && oneOf('unknownItems', unknownItems, ['hold', 'admit']) === 'admit',
    online: online === undefined || boolean('online', online),
    readOnly: readOnly !== undefined && boolean('readOnly', readOnly),
    queueLimit: queueLimit === undefined ? DEFAULT_QUEUE : integer('queueLimit', queueLimit, 1, MAX_QUEUE),
    gather: gather === undefined ? 0 : number('gather', gather, 0, MAX_GATHER),
    pressure: pressure === undefined ? DEFAULT_PRESSURE : number('pressure', pressure, 0, MAX_PRESSURE),
    signal: signal('signal', options.signal),
  };
  if (dir === null && checked.readOnly) refuse('readOnly', 'false for an engine in memory', true);
  return checked;
}

/** The settings that an engine has: those of the folder, grown by what the options bring. */
export function settingsFor(stored: StoreSettings | null, { catalog, eventTypes, admit }: CheckedOptions): StoreSettings {
  if (!stored && !catalog) {
    throw new KairankError('KAIRANK_INVALID_ARGUMENT', 'catalog: expected a catalogue (defineCatalog) for a new engine, got undefined', {
      field: 'catalog',
      expected: 'a catalogue',
      received: 'undefined',
    });
  }
  const wanted = catalog ? toRecord(catalog) : null;
  const settings: StoreSettings = {
    catalog: stored ? (wanted ? growCatalog(stored.catalog, wanted) : stored.catalog) : (wanted ?? { fields: [], title: null }),
    eventTypes: growEventTypes(stored?.eventTypes ?? { own: [], weights: {} }, eventTypes),
  };
  const required = settings.catalog.fields.find((field) => field.required);
  if (admit && required) refuse('unknownItems', `"hold", as items must have the field ${required.name}`, 'admit');
  return settings;
}

/**
 * The catalogue that a folder stores, without opening its engine: nothing of its items is read, and it may be in use.
 * @throws KairankError KAIRANK_NOT_FOUND, KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT, KAIRANK_IO
 */
export async function storedCatalog(dir: string): Promise<Catalog> {
  const store = await FolderStore.open(dir, { readOnly: true, settings: (stored) => settingsFor(stored, checkOpenOptions(dir, {})) });
  try {
    return fromRecord(store.settings.catalog);
  } finally {
    await store.close();
  }
}
