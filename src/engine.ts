/** The engine: one folder, its catalogue, its shoppers and its models behind promises. */

import type { Catalog, Fields, FieldName, Item, StoredItem } from './catalog/schema.js';
import { KairankError } from './errors.js';
import type { TrainOptions, TrainReport, TrainResult } from './learn/types.js';
import type { Answer, RankAnswer, RankRequest, RecommendRequest, SimilarRequest } from './pipeline/requests.js';
import type { AddedEvents, EventTypes, Shopper, ShopEvent } from './shopper/events.js';

export interface OpenOptions<F extends Fields = Fields, T extends string = string> {
  /** Required for a new folder, and in memory; else default: the one that the folder stores. */
  catalog?: Catalog<F>;
  /** The shop's own event types, and other weights for built-in ones. Default: those that the folder stores. */
  eventTypes?: Readonly<Record<T, { weight: number }>> & EventTypes;
  /**
   * What becomes of an id that an event names and the engine has never met: `hold` keeps the event and shows the item
   * only once it is put; `admit` makes it an item without fields. Default: hold.
   */
  unknownItems?: 'hold' | 'admit';
  /** Opens beside the owner, as the folder is now; every write fails with KAIRANK_READ_ONLY. Default: false. */
  readOnly?: boolean;
  /** Requests that may wait; more are refused with KAIRANK_OVERLOADED. Default: 10,000. */
  queueLimit?: number;
  signal?: AbortSignal;
}

/** A plain, cloneable value that opens the same engine in another thread of the process. */
export interface ShareToken {
  readonly kairank: 1;
  readonly core: bigint;
  readonly catalog: unknown;
  readonly eventTypes: unknown;
}

export interface Items<F extends Fields = Fields> {
  /** Puts or replaces items: all of them or, when one is refused, none. Durable when the promise resolves. */
  put(items: Item<F> | readonly Item<F>[]): Promise<{ put: number }>;
  /** Takes items out of every answer; what shoppers did with them stays known. Returns how many were there. */
  remove(ids: string | readonly string[]): Promise<{ removed: number }>;
  /** @throws KairankError KAIRANK_NOT_FOUND */
  get(id: string): Promise<StoredItem<F>>;
  has(id: string): boolean;
  readonly count: number;
}

export interface Events<T extends string = string> {
  /** Stores events: all of them or, when one is refused, none. Durable when the promise resolves. */
  add(events: ShopEvent<T> | readonly ShopEvent<T>[]): Promise<AddedEvents>;
  readonly count: number;
}

/** The models in use. */
export interface ModelsInfo {
  id: string;
  trainedAt: string;
  items: number;
  report: TrainReport;
}

export interface EngineStats {
  items: number;
  users: number;
  events: number;
  /** null before the first training. */
  models: ModelsInfo | null;
}

export class Engine<F extends Fields = Fields, T extends string = string> implements AsyncDisposable {
  declare readonly items: Items<F>;
  declare readonly events: Events<T>;

  /** Opens the engine of a folder, or with `null` one in memory alone. */
  static async open<const F extends Fields = Fields, const T extends string = string>(
    _dir: string | null,
    _options: OpenOptions<F, T> = {},
  ): Promise<Engine<F, T>> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  /** Opens in this thread the engine that `share` was called on; it answers requests and cannot write. */
  static attach<F extends Fields = Fields, T extends string = string>(_token: ShareToken): Engine<F, T> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  get catalog(): Catalog<F> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  get stats(): EngineStats {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async train(_options: TrainOptions = {}): Promise<TrainResult> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async recommend<const N extends FieldName<F> = never>(_request: RecommendRequest<F, N>): Promise<Answer<F, N>> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async rank<const N extends FieldName<F> = never>(_request: RankRequest<F, N>): Promise<RankAnswer<F, N>> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async similar<const N extends FieldName<F> = never>(_request: SimilarRequest<F, N>): Promise<Answer<F, N>> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async shopper(_user: string, _options: { limit?: number } = {}): Promise<Shopper> {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  share(): ShareToken {
    throw new KairankError('KAIRANK_INTERNAL', 'being built');
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
