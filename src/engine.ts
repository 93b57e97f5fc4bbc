/** The engine: one folder, its catalogue, its shoppers and its models behind promises. A façade: the rooms do the work. */

import { EventEmitter } from 'node:events';
import { Items } from './catalog/collection.js';
import { toColumns } from './catalog/items.js';
import { type Catalog, compileSchema, type FieldName, type Fields, fromRecord, type Schema } from './catalog/schema.js';
import { KairankError } from './errors.js';
import { call } from './jobs.js';
import { Newcomers } from './learn/newcomers.js';
import { type EngineEvents, type OnlineInfo, OnlineLearning, onlineInfo } from './learn/online.js';
import { Trainer } from './learn/session.js';
import type { ModelsInfo, TrainOptions, TrainResult } from './learn/types.js';
import { type NativeCore, native } from './native.js';
import { checkOpenOptions, type OpenOptions, settingsFor } from './opening.js';
import { id as checkId, integer, onlyKeys, record, time } from './options.js';
import type { Answer, AnswerTiming, RankAnswer, RankRequest, RecommendRequest, SimilarRequest } from './pipeline/requests.js';
import { type ItemLookup, Server } from './pipeline/serve.js';
import { restore } from './restore.js';
import { checkToken, OwnerAnswers, OwnerQuestions, type ShareToken } from './sharing.js';
import { EventTypeTable } from './shopper/event-types.js';
import type { Shopper } from './shopper/events.js';
import { MAX_HISTORY, readShopper } from './shopper/history.js';
import { interestsOf, recentEvents } from './shopper/interests.js';
import { NEXT_EVENTS, type NextEventModel, nextEventOf } from './shopper/next-event.js';
import { Events } from './shopper/stream.js';
import { FolderStore } from './store/folder.js';
import { MemoryStore } from './store/memory.js';
import type { ItemFields, Store, StoreSettings } from './store/store.js';

/** Figures about an engine, as they are now. */
export interface EngineStats {
  items: number;
  users: number;
  events: number;
  /** null before the first training, and in an attached engine. */
  models: ModelsInfo | null;
  /** What came of feedback since the engine was opened. */
  online: OnlineInfo;
}

/** What an engine is made of; an attached one has neither store nor trainer. */
interface Parts {
  core: NativeCore;
  settings: StoreSettings;
  store: Store | null;
  trainer: Trainer | null;
  newcomers: Newcomers | null;
  /** Whether feedback teaches. */
  online: boolean;
  lookup: ItemLookup;
  /** What foretells a shopper's next event, now. */
  next: () => NextEventModel | null | Promise<NextEventModel | null>;
  admit: boolean;
  /** What else is to be closed. */
  channel: { close(): void } | null;
}

const DEFAULT_HISTORY = 100;

/**
 * An engine of one folder. Every method but `share` returns a promise; every error is a KairankError. After `close`
 * everything fails with KAIRANK_CLOSED.
 */
export class Engine<F extends Fields = Fields, T extends string = string> extends EventEmitter<EngineEvents> implements AsyncDisposable {
  /** The catalogue's items. */
  readonly items: Items<F>;
  /** What shoppers do. */
  readonly events: Events<T>;
  readonly #parts: Parts;
  readonly #server: Server<F>;
  readonly #schema: Schema;
  readonly #types: EventTypeTable;
  readonly #online: OnlineLearning | null;
  #closing: Promise<void> | null = null;

  private constructor(parts: Parts) {
    super();
    const { core, settings, store, trainer, newcomers, lookup, admit, online } = parts;
    const schema: Schema = compileSchema(settings.catalog);
    const writable = (): Store => {
      if (store) return store;
      throw new KairankError('KAIRANK_READ_ONLY', 'An attached engine answers requests; the one that was shared does the writing.');
    };
    const open = (): void => this.#open();
    this.#parts = parts;
    this.#schema = schema;
    this.#types = new EventTypeTable(settings.eventTypes);
    // Later, not within the write that brought it about: what a listener throws is no fault of the events.
    const tell = (event: 'rollback' | 'drift', info: OnlineInfo): void => process.nextTick(() => this.emit(event, info));
    this.#online = store && online ? new OnlineLearning(core, store, tell) : null;
    this.#online?.resume();
    // Later here, too: a listener that throws is no fault of the request.
    const answered = (timing: AnswerTiming): void => process.nextTick(() => this.emit('answer', timing));
    this.#server = new Server<F>(core, schema, this.#types, lookup, () => (this.listenerCount('answer') > 0 ? answered : null));
    this.items = new Items<F>(core, schema, writable, lookup, open, (put) => trainer?.descriptions.put(put));
    this.events = new Events<T>(core, this.#types, writable, open, {
      admit: admit ? toColumns(schema, {}) : null,
      onNewcomers: () => newcomers?.wake(),
      onFeedback: this.#online ? () => this.#online?.learned() : null,
    });
  }

  /**
   * Opens the engine of a folder, making the folder where there is none; with `null`, one in memory that keeps
   * nothing. The folder has one owner at a time; its catalogue and event types are stored in it, and may grow.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_INVALID_SCHEMA (naming the field that differs from the
   * stored one), KAIRANK_FOLDER_LOCKED (naming the owner's pid), KAIRANK_CORRUPT_FILE and KAIRANK_UNSUPPORTED_FORMAT
   * (naming the file), KAIRANK_NOT_FOUND (read-only, no engine there), KAIRANK_ABORTED, KAIRANK_IO,
   * KAIRANK_NATIVE_UNAVAILABLE
   */
  static async open<const F extends Fields = Fields, const T extends string = string>(
    dir: string | null,
    options: OpenOptions<F, T> = {},
  ): Promise<Engine<F, T>> {
    const checked = checkOpenOptions(dir, options);
    const addon = native();
    const settings = (stored: StoreSettings | null): StoreSettings => settingsFor(stored, checked);
    const store =
      checked.dir === null
        ? new MemoryStore(settings(null))
        : await FolderStore.open(checked.dir, { readOnly: checked.readOnly, settings });
    let core: NativeCore | undefined;
    try {
      const schema = compileSchema(store.settings.catalog);
      const types = new EventTypeTable(store.settings.eventTypes);
      const columns = schema.columns.map(({ name, kind }) => ({ name, kind }));
      const made = call(() =>
        addon.createCore({
          columns,
          typeWeights: [...types.weights],
          queueLimit: checked.queueLimit,
          online: checked.online,
          gather: checked.gather,
          pressure: checked.pressure,
        }),
      );
      core = made;
      await restore(store, made, schema, types, checked.signal);
      const newcomers = new Newcomers(made);
      const trainer = new Trainer(made, store, schema, types, () => newcomers.wake());
      await trainer.load();
      const lookup = (ids: readonly string[]): Map<string, ItemFields> => lookUp(store, ids);
      const next = (): NextEventModel | null => trainer.next;
      const channel = new OwnerAnswers(made.token, { items: lookup, next });
      const { admit, online } = checked;
      const { settings: kept } = store;
      return new Engine<F, T>({ core: made, settings: kept, store, trainer, newcomers, lookup, next, admit, online, channel });
    } catch (error) {
      core?.close();
      await store.close();
      throw error;
    }
  }

  /**
   * Opens in this thread the engine that `share` was called on in another one of the process. It answers requests and
   * sees every event the moment it is stored; what writes fails with KAIRANK_READ_ONLY. Titles and fields are asked of
   * the owner's thread.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_NOT_FOUND (the engine was closed)
   */
  static attach<F extends Fields = Fields, T extends string = string>(token: ShareToken): Engine<F, T> {
    const { core: number, settings } = checkToken(token);
    const core = call(() => native().attachCore(number));
    const channel = new OwnerQuestions(number);
    const lookup = (ids: readonly string[]): Promise<Map<string, ItemFields>> => channel.items(ids);
    const next = (): Promise<NextEventModel | null> => channel.next();
    const owned = { store: null, trainer: null, newcomers: null, admit: false, online: false };
    return new Engine<F, T>({ core, settings, ...owned, lookup, next, channel });
  }

  /** The catalogue that the engine was opened with, or that its folder stores. */
  get catalog(): Catalog<F> {
    // The stored definition is the one that F describes, checked when the engine was opened.
    return fromRecord(this.#parts.settings.catalog) as Catalog<F>;
  }

  /** Names of the event types: the built-in ones, then the shop's own. */
  get eventTypes(): readonly string[] {
    return this.#types.names;
  }

  /** @throws KairankError KAIRANK_CLOSED */
  get stats(): EngineStats {
    this.#open();
    const { items, users, events } = call(() => this.#parts.core.counts());
    const online = onlineInfo(call(() => this.#parts.core.feedback()));
    return { items, users, events, models: this.#parts.trainer?.models ?? null, online };
  }

  /**
   * Learns from every event so far: sequential rules (Ludewig & Jannach 2018), implicit-feedback factors (Hu et al.
   * 2008; Rendle et al. 2021), attention over the last events and the blend of all. Settings choose themselves on the
   * last basket of some shoppers; then everything is fitted again on all events. Where impressions say what was shown,
   * the ranker learns from those lists, too (position as in PAL, Guo et al. 2019); `goals` say what counts. The models are
   * on the disk before they are used; whatever fails, and an abort, leaves the old ones. Requests are answered all the
   * while.
   *
   * @throws KairankError KAIRANK_NOT_ENOUGH_DATA, KAIRANK_BUSY, KAIRANK_ABORTED, KAIRANK_READ_ONLY, KAIRANK_CLOSED,
   * KAIRANK_INVALID_ARGUMENT, KAIRANK_IO
   */
  async train(options: TrainOptions = {}): Promise<TrainResult> {
    this.#open();
    const { trainer } = this.#parts;
    if (!trainer) throw new KairankError('KAIRANK_READ_ONLY', 'An attached engine cannot train; the one that was shared can.');
    return trainer.train(options);
  }

  /**
   * The k best items for a shopper, best first. A user without a history gets what is popular, unless `onUnknownUser`
   * says otherwise; before the first training everybody does.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_UNKNOWN_FIELD, KAIRANK_NOT_FOUND (`onUnknownUser: 'error'`),
   * KAIRANK_OVERLOADED, KAIRANK_DEADLINE_EXCEEDED, KAIRANK_ABORTED, KAIRANK_CLOSED
   */
  async recommend<const N extends FieldName<F> = never>(request: RecommendRequest<F, N>): Promise<Answer<F, N>> {
    this.#open();
    return this.#server.recommend(request);
  }

  /**
   * The order of given items for a shopper, best first; ids that cannot be ranked come back in `refused`.
   * @throws KairankError as `recommend`
   */
  async rank<const N extends FieldName<F> = never>(request: RankRequest<F, N>): Promise<RankAnswer<F, N>> {
    this.#open();
    return this.#server.rank(request);
  }

  /**
   * The items most like one item, best first, the item itself left out; or, with `text` in its place, those whose
   * content is nearest to what the words say, newly put ones too. The words are read by the content tower as an item's text fields.
   * @throws KairankError as `recommend`; KAIRANK_NOT_FOUND for an item that the catalogue does not have, and for a text
   * before `train` has learned from text fields; KAIRANK_INVALID_ARGUMENT for a text where the catalogue has no text field
   */
  async similar<const N extends FieldName<F> = never>(request: SimilarRequest<F, N>): Promise<Answer<F, N>> {
    this.#open();
    return this.#server.similar(request);
  }

  /**
   * What the engine knows of a shopper: the last `limit` events (1 to 100,000; default 100), oldest first; what those
   * say of what the shopper is looking for now: how the last of them spread over categories, tags and bands of numbers;
   * and how likely it is that they look around, fill the cart, buy or leave next, learned by `train`.
   *
   * With `at` (a Date, an ISO 8601 string or milliseconds since 1970; default: now) all of it is as it was then.
   * @throws KairankError KAIRANK_NOT_FOUND (a user without events), KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED
   */
  async shopper(user: string, options: { limit?: number; at?: Date | string | number } = {}): Promise<Shopper> {
    this.#open();
    const given = record('options', options);
    onlyKeys('', given, ['limit', 'at']);
    const limit = given.limit === undefined ? DEFAULT_HISTORY : integer('limit', given.limit, 1, MAX_HISTORY);
    const at = given.at === undefined ? null : time('at', given.at);
    const { core, lookup, next } = this.#parts;
    const most = at === null ? Math.max(limit, NEXT_EVENTS) : MAX_HISTORY;
    const known = call(() => readShopper(core, this.#types, checkId('user', user), most));
    // An event may come from a clock that is ahead of this one.
    const now = at ?? Math.max(Date.now(), known.events.at(-1)?.at ?? 0);
    const past = known.events.filter((event) => event.at <= now);
    const events = past.slice(-limit);
    const items = await lookup([...new Set(recentEvents(events).map(({ item }) => item))]);
    return {
      user: known.user,
      events,
      interests: interestsOf(this.#schema, events, (id) => items.get(id)),
      next: nextEventOf(await next(), this.#types, past.slice(-NEXT_EVENTS), now),
    };
  }

  /** A plain, cloneable value with which `Engine.attach` opens this engine in another thread of the process. */
  share(): ShareToken {
    this.#open();
    const { core, settings } = this.#parts;
    return { kairank: 1, core: core.token, catalog: settings.catalog, eventTypes: settings.eventTypes };
  }

  /**
   * Closes the engine: a training run is stopped, what is being written is finished, requests in flight settle, and
   * the folder is free for the next. Closing an attached engine closes that one alone. May be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): void {
    if (this.#closing) throw new KairankError('KAIRANK_CLOSED', 'The engine is closed.');
  }

  async #close(): Promise<void> {
    const { core, store, trainer, newcomers, channel } = this.#parts;
    await Promise.all([trainer?.close(), newcomers?.close()]);
    await this.#online?.close();
    // Before the store, which it reads.
    channel?.close();
    await store?.close();
    // An attached engine shares the core with its owner, who goes on.
    if (store) core.close();
  }
}

function lookUp(store: Store, ids: readonly string[]): Map<string, ItemFields> {
  const found = new Map<string, ItemFields>();
  for (const id of ids) {
    const fields = store.item(id);
    if (fields) found.set(id, fields);
  }
  return found;
}
