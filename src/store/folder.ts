/**
 * The durable folder: data.mdb (LMDB), the lock, and models/.
 *
 * Databases: settings (format, catalog, eventTypes, current, online, nextKey, nextBlock), keys (id -> durable key), items
 * (id -> { key, fields }), vectors (id -> bytes of the item's vectors by field), log (block number -> block of events),
 * eventIds (id of an event -> 1).
 */

import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { KairankError } from '../errors.js';
import { refuse, show } from '../options.js';
import { decodeBlock, type EventBlock, encodeBlock } from './block.js';
import { checkDataFile } from './data-file.js';
import { joinItem, splitItem, type VectorRecord } from './item-vectors.js';
import { type FolderLock, isLockFile, lockFolder } from './lock.js';
import { MODELS_FOLDER } from './paths.js';
import { formatRecord, onlineRecord, parseCurrent, parseOnline, parseSettings, readFormat } from './settings.js';
import type {
  CurrentBundle,
  EventLogReader,
  ItemFields,
  OnlineState,
  Store,
  StoredRecord,
  StoreSettings,
  StoreTransaction,
} from './store.js';
import { type Commit, WriteQueue } from './write-queue.js';

const DATA_FILE = 'data.mdb';
const SLICE = 4096;
const KNOWN_FILES = [DATA_FILE, 'lock.mdb', MODELS_FOLDER];

interface StoredItem {
  key: number;
  fields: ItemFields;
}

interface Databases {
  root: RootDatabase;
  settings: Database<unknown, string>;
  keys: Database<number, Uint8Array>;
  items: Database<StoredItem, Uint8Array>;
  /** Not there in a folder of before there were vectors that is open to read. */
  vectors: Database<VectorRecord, Uint8Array> | undefined;
  log: Database<Buffer, number>;
  eventIds: Database<number, Uint8Array>;
}

/** Ids are keys by their UTF-8 bytes: lmdb's own encoding of strings confuses ids with control characters in them. */
function bytesOf(id: string): Uint8Array {
  return Buffer.from(id, 'utf8');
}

function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function openDatabases(dir: string, readOnly: boolean): Databases {
  // Commits include the flush (no overlapping), so that a promise that resolves means "on the disk". Batching by
  // event turn is ours (WriteQueue); lmdb's own leaves a rejection that nobody can handle when a commit fails.
  const root = open({ path: dir, noSubdir: false, maxDbs: 16, readOnly, overlappingSync: false, eventTurnBatching: false });
  return {
    root,
    settings: root.openDB({ name: 'settings', encoding: 'json' }),
    keys: root.openDB({ name: 'keys', encoding: 'msgpack', keyEncoding: 'binary' }),
    items: root.openDB({ name: 'items', encoding: 'msgpack', keyEncoding: 'binary' }),
    vectors: root.openDB({ name: 'vectors', encoding: 'msgpack', keyEncoding: 'binary' }),
    log: root.openDB({ name: 'log', encoding: 'binary' }),
    eventIds: root.openDB({ name: 'eventIds', encoding: 'msgpack', keyEncoding: 'binary' }),
  };
}

/** Whether the folder is there, empty, or holds an engine; refuses what is something else. */
function inspect(dir: string, readOnly: boolean): 'new' | 'there' {
  const entries = existsSync(dir) ? readdirSync(dir) : [];
  if (entries.includes(DATA_FILE) && statSync(join(dir, DATA_FILE)).size > 0) return 'there';
  const foreign = entries.find((name) => !KNOWN_FILES.includes(name) && !isLockFile(name));
  if (foreign !== undefined) {
    throw new KairankError(
      'KAIRANK_UNSUPPORTED_FORMAT',
      `dir: ${dir} is not a folder of kairank (it holds ${show(foreign)} and no ${DATA_FILE})`,
      {
        field: 'dir',
        expected: 'a folder of kairank, an empty folder, or none',
        received: foreign,
      },
    );
  }
  if (readOnly) {
    throw new KairankError('KAIRANK_NOT_FOUND', `dir: there is no engine in ${dir} to open read-only`, { field: 'dir', received: dir });
  }
  return 'new';
}

/** Turns what the file system and LMDB throw into an error that names the folder. */
function asFileError(dir: string, error: unknown): unknown {
  if (error instanceof KairankError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const corrupt = /MDB_(CORRUPTED|INVALID|PANIC|PAGE_NOTFOUND|BAD_TXN|VERSION_MISMATCH)/.test(message);
  return new KairankError(corrupt ? 'KAIRANK_CORRUPT_FILE' : 'KAIRANK_IO', `${dir}: ${message}`, { field: 'dir', cause: error });
}

export interface FolderOptions {
  readOnly: boolean;
  /** The settings to store, given those that are there (null in a new folder). */
  settings: (stored: StoreSettings | null) => StoreSettings;
}

export class FolderStore implements Store {
  readonly #databases: Databases;
  readonly #lock: FolderLock | null;
  readonly #queue: WriteQueue<StoreTransaction>;
  #closed: Promise<void> | null = null;

  private constructor(
    readonly dir: string,
    readonly settings: StoreSettings,
    databases: Databases,
    lock: FolderLock | null,
  ) {
    this.#databases = databases;
    this.#lock = lock;
    this.#queue = new WriteQueue(lock ? this.#commit : this.#refuseWrites);
  }

  /**
   * Opens a folder, makes one where there is none.
   * @throws KairankError KAIRANK_FOLDER_LOCKED, KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT, KAIRANK_NOT_FOUND
   * (read-only), KAIRANK_IO, and what `options.settings` throws
   */
  static async open(dir: string, options: FolderOptions): Promise<FolderStore> {
    let lock: FolderLock | null = null;
    let databases: Databases | null = null;
    try {
      if (existsSync(dir) && !statSync(dir).isDirectory()) refuse('dir', 'a folder', dir);
      inspect(dir, options.readOnly);
      if (!options.readOnly) {
        mkdirSync(dir, { recursive: true });
        lock = lockFolder(dir);
      }
      if (inspect(dir, options.readOnly) === 'there') checkDataFile(join(dir, DATA_FILE), options.readOnly);
      databases = openDatabases(dir, options.readOnly);
      const stored = readStored(dir, databases);
      const settings = options.settings(stored);
      if (!options.readOnly) await writeSettings(databases, settings);
      return new FolderStore(dir, settings, databases, lock);
    } catch (error) {
      await databases?.root.close();
      lock?.release();
      throw asFileError(dir, error);
    }
  }

  get current(): CurrentBundle | null {
    return parseCurrent(this.#databases.settings.get('current'), join(this.dir, DATA_FILE));
  }

  get online(): OnlineState | null {
    return parseOnline(this.#databases.settings.get('online'), join(this.dir, DATA_FILE));
  }

  get log(): EventLogReader {
    return { replay: () => this.#replay() };
  }

  ids(): string[] {
    const ids: string[] = [];
    for (const { key: bytes, value: key } of this.#databases.keys.getRange()) ids[key - 1] = idOf(bytes);
    const count = this.#databases.keys.getKeysCount();
    if (ids.length !== count) this.#corrupt(`the table of keys has ${count} entries and ends at ${ids.length}`);
    return ids;
  }

  *items({ vectors }: { vectors: boolean } = { vectors: true }): Iterable<StoredRecord[]> {
    let slice: StoredRecord[] = [];
    for (const { key: bytes, value } of this.#databases.items.getRange()) {
      slice.push({ id: idOf(bytes), key: value.key, fields: vectors ? this.#whole(bytes, value) : value.fields });
      if (slice.length < SLICE) continue;
      yield slice;
      slice = [];
    }
    if (slice.length > 0) yield slice;
  }

  item(id: string): ItemFields | undefined {
    // A request may still be on its way back from the core.
    if (this.#closed) throw new KairankError('KAIRANK_CLOSED', 'The engine is closed.');
    return this.#item(id);
  }

  write<R>(change: (transaction: StoreTransaction) => R, apply?: (result: R) => void): Promise<R> {
    return this.#queue.run(change, apply);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#queue.idle();
      await this.#databases.root.close();
      this.#lock?.release();
    })();
    return this.#closed;
  }

  #item(id: string): ItemFields | undefined {
    const bytes = bytesOf(id);
    const stored = this.#databases.items.get(bytes);
    return stored && this.#whole(bytes, stored);
  }

  #whole(bytes: Uint8Array, stored: StoredItem): ItemFields {
    return joinItem(stored.fields, this.#databases.vectors?.get(bytes), (what) => this.#corrupt(what));
  }

  #corrupt(what: string): never {
    const file = join(this.dir, DATA_FILE);
    throw new KairankError('KAIRANK_CORRUPT_FILE', `${file}: ${what}`, { field: file, received: what });
  }

  *#replay(): Iterable<EventBlock> {
    const last = counter(this.#databases, 'nextBlock') - 1;
    for (let number = 1; number <= last; number++) {
      const bytes = this.#databases.log.get(number);
      if (!bytes) this.#corrupt(`block ${number} of the event log is missing`);
      yield decodeBlock(bytes, `${join(this.dir, DATA_FILE)}, block ${number} of the event log`);
    }
  }

  readonly #refuseWrites: Commit<StoreTransaction> = async () => {
    throw new KairankError('KAIRANK_READ_ONLY', `${this.dir} is open read-only`, { field: 'dir' });
  };

  readonly #commit: Commit<StoreTransaction> = async (body) => {
    const { root, settings, keys, items, vectors, log, eventIds } = this.#databases;
    try {
      await root.childTransaction(() => {
        let nextKey = counter(this.#databases, 'nextKey');
        let nextBlock = counter(this.#databases, 'nextBlock');
        body({
          keyOf: (id) => keys.get(bytesOf(id)) ?? 0,
          giveKey: (id) => {
            keys.putSync(bytesOf(id), nextKey);
            return nextKey++;
          },
          item: (id) => this.#item(id),
          putItem: (id, fields) => {
            const bytes = bytesOf(id);
            const parts = splitItem(fields);
            items.putSync(bytes, { key: keys.get(bytes) ?? 0, fields: parts.plain });
            if (parts.vectors) vectors?.putSync(bytes, parts.vectors);
            else vectors?.removeSync(bytes);
          },
          removeItem: (id) => {
            vectors?.removeSync(bytesOf(id));
            return items.removeSync(bytesOf(id));
          },
          rememberEvent: (id) => {
            if (eventIds.doesExist(bytesOf(id))) return false;
            eventIds.putSync(bytesOf(id), 1);
            return true;
          },
          log: { append: (block) => log.putSync(nextBlock++, encodeBlock(block)) },
          setCurrent: (current) => settings.putSync('current', current),
          setOnline: (online) => settings.putSync('online', onlineRecord(online)),
        });
        settings.putSync('nextKey', nextKey);
        settings.putSync('nextBlock', nextBlock);
      });
    } catch (error) {
      throw asFileError(this.dir, await rootCause(error));
    }
  };
}

/** lmdb says "see commitError", and that is a promise which rejects with what went wrong. */
async function rootCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function counter(databases: Databases, name: 'nextKey' | 'nextBlock'): number {
  const value = databases.settings.get(name);
  return typeof value === 'number' ? value : 1;
}

function readStored(dir: string, databases: Databases): StoreSettings | null {
  const file = join(dir, DATA_FILE);
  const format = databases.settings.get('format');
  // A folder that is new has its own databases and nothing else.
  if (format === undefined && databases.root.getKeysCount() > Object.keys(databases).length - 1) {
    throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${file}: an LMDB file, and not one of kairank`, { field: file });
  }
  if (format === undefined) return null;
  readFormat(format, file);
  return parseSettings(databases.settings.get('catalog'), databases.settings.get('eventTypes'), file);
}

async function writeSettings(databases: Databases, settings: StoreSettings): Promise<void> {
  await databases.root.childTransaction(() => {
    databases.settings.putSync('format', formatRecord(settings));
    databases.settings.putSync('catalog', settings.catalog);
    databases.settings.putSync('eventTypes', settings.eventTypes);
  });
}
