/** `engine.events`: what shoppers do, into the log and into the core. */

import { call } from '../jobs.js';
import type { ColumnValue, NativeCore } from '../native.js';
import { BLOCK_EVENTS, type EventBlock } from '../store/block.js';
import type { Store, StoreTransaction } from '../store/store.js';
import type { EventTypeTable } from './event-types.js';
import type { AddedEvents, ShopEvent } from './events.js';
import { type CheckedEvent, checkEvent, weightOf } from './validate.js';

/** Ids that got their keys with the events that named them. */
interface NewIds {
  ids: string[];
  keys: number[];
}

/** What a transaction did, for the core to do the same. */
interface Stored {
  events: CheckedEvent[];
  fresh: NewIds;
}

export interface EventsOptions {
  /** Values of an item without fields, to admit unknown ids as items; null: hold them back. */
  admit: readonly ColumnValue[] | null;
  /** Told when events speak for items that the models know nothing of. */
  onNewcomers: () => void;
  /** Told when events named lists that they chose from; null: nothing is learned from them. */
  onFeedback: (() => void) | null;
}

export class Events<T extends string = string> {
  constructor(
    private readonly core: NativeCore,
    private readonly types: EventTypeTable,
    private readonly store: () => Store,
    private readonly open: () => void,
    private readonly options: EventsOptions,
  ) {}

  /**
   * Stores events: all of them or, when one is refused, none. Durable (on the disk, not only written) when the promise
   * resolves, and known to every thread from then on. Calls take effect in their order; those that wait share a
   * commit. Late events find their place by `at`. Some thousands a call are quickest.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT naming `events[3].type`, KAIRANK_READ_ONLY, KAIRANK_CLOSED, KAIRANK_IO
   */
  async add(events: ShopEvent<T> | readonly ShopEvent<T>[]): Promise<AddedEvents> {
    this.open();
    const now = Date.now();
    const list: readonly unknown[] = Array.isArray(events) ? events : [events];
    const checked = list.map((event, index) => checkEvent(this.types, Array.isArray(events) ? `events[${index}]` : 'event', event, now));
    if (checked.length === 0) return { accepted: 0, duplicates: 0 };
    const stored = await this.store().write(
      (transaction) => this.#store(transaction, checked),
      (done) => this.#apply(done),
    );
    return { accepted: stored.events.length, duplicates: checked.length - stored.events.length };
  }

  /** Events stored so far. */
  get count(): number {
    this.open();
    return call(() => this.core.counts().events);
  }

  #store(transaction: StoreTransaction, checked: readonly CheckedEvent[]): Stored {
    const events = checked.filter(({ id }) => id === '' || transaction.rememberEvent(id));
    const fresh: NewIds = { ids: [], keys: [] };
    const keys = new Map<string, number>([['', 0]]);
    for (const { item } of events) {
      if (keys.has(item)) continue;
      const known = transaction.keyOf(item);
      keys.set(item, known || transaction.giveKey(item));
      if (known) continue;
      if (this.options.admit) transaction.putItem(item, {});
      fresh.ids.push(item);
      fresh.keys.push(keys.get(item) ?? 0);
    }
    for (let at = 0; at < events.length; at += BLOCK_EVENTS) {
      transaction.log.append(blockOf(events.slice(at, at + BLOCK_EVENTS), keys));
    }
    return { events, fresh };
  }

  #apply({ events, fresh }: Stored): void {
    call(() => {
      const { admit, onFeedback } = this.options;
      const keys = Float64Array.from(fresh.keys);
      if (fresh.ids.length > 0 && admit) {
        this.core.putItems(
          fresh.ids,
          keys,
          fresh.ids.map(() => admit),
        );
      } else if (fresh.ids.length > 0) this.core.reserveItems(fresh.ids, keys);
      if (events.length === 0) return;
      const answering = onFeedback !== null && events.some(({ extras }) => extras?.requestId !== undefined);
      const unplaced = this.core.addEvents(
        events.map(({ user }) => user),
        events.map(({ item }) => item),
        Uint16Array.from(events, ({ type }) => type),
        Float32Array.from(events, ({ type, value }) => weightOf(this.types, type, value)),
        Float64Array.from(events, ({ at }) => at),
        answering ? events.map(({ extras }) => extras?.requestId ?? '') : null,
      );
      if (answering) onFeedback?.();
      if (unplaced > 0) this.options.onNewcomers();
    });
  }
}

function blockOf(events: readonly CheckedEvent[], keys: ReadonlyMap<string, number>): EventBlock {
  return {
    users: events.map(({ user }) => user),
    itemKeys: Float64Array.from(events, ({ item }) => keys.get(item) ?? 0),
    types: Uint16Array.from(events, ({ type }) => type),
    times: Float64Array.from(events, ({ at }) => at),
    values: Float64Array.from(events, ({ value }) => value),
    extras: events.map(({ id, extras }) => (id === '' ? extras : { ...extras, id })),
  };
}
