/** A store that keeps nothing: for tests, evaluation and engines that are filled anew at each start. */

import type { EventBlock } from './block.js';
import type { CurrentBundle, ItemFields, OnlineState, Store, StoredRecord, StoreSettings, StoreTransaction } from './store.js';
import { WriteQueue } from './write-queue.js';

const SLICE = 4096;

export class MemoryStore implements Store {
  readonly dir = null;
  current: CurrentBundle | null = null;
  online: OnlineState | null = null;
  readonly #keys = new Map<string, number>();
  readonly #items = new Map<string, ItemFields>();
  readonly #eventIds = new Set<string>();
  // Nothing to replay: the core holds the only copy of the events.
  readonly log = { replay: (): Iterable<EventBlock> => [] };
  readonly #queue: WriteQueue<StoreTransaction>;

  constructor(readonly settings: StoreSettings) {
    const transaction: StoreTransaction = {
      keyOf: (id) => this.#keys.get(id) ?? 0,
      giveKey: (id) => {
        const key = this.#keys.size + 1;
        this.#keys.set(id, key);
        return key;
      },
      item: (id) => this.#items.get(id),
      putItem: (id, fields) => void this.#items.set(id, fields),
      removeItem: (id) => this.#items.delete(id),
      rememberEvent: (id) => {
        const known = this.#eventIds.has(id);
        this.#eventIds.add(id);
        return !known;
      },
      log: { append: () => undefined },
      setCurrent: (current) => {
        this.current = current;
      },
      setOnline: (online) => {
        this.online = online;
      },
    };
    this.#queue = new WriteQueue(async (body) => body(transaction));
  }

  ids(): string[] {
    return [...this.#keys.keys()];
  }

  *items(): Iterable<StoredRecord[]> {
    const all = [...this.#items].map(([id, fields]) => ({ id, key: this.#keys.get(id) ?? 0, fields }));
    for (let at = 0; at < all.length; at += SLICE) yield all.slice(at, at + SLICE);
  }

  item(id: string): ItemFields | undefined {
    return this.#items.get(id);
  }

  write<R>(change: (transaction: StoreTransaction) => R, apply?: (result: R) => void): Promise<R> {
    return this.#queue.run(change, apply);
  }

  async close(): Promise<void> {
    await this.#queue.idle();
  }
}
