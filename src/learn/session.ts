/** `engine.train()`: from the histories in the core to models in use, all or nothing. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KairankError } from '../errors.js';
import type { Schema } from '../catalog/schema.js';
import { call, throwIfAborted } from '../jobs.js';
import type { NativeCore, NativeHistories } from '../native.js';
import { boolean, duration, integer, onlyKeys, record, refuse, signal } from '../options.js';
import type { EventTypeTable } from '../shopper/event-types.js';
import type { NextEventModel } from '../shopper/next-event.js';
import { weightOf } from '../shopper/validate.js';
import { MODELS_FOLDER } from '../store/paths.js';
import type { Store } from '../store/store.js';
import { type Bundle, type BundleReference, newBundleId, pruneBundles, readBundle, writeBundle } from './bundle.js';
import { Descriptions } from './descriptions.js';
import { checkGoals, type Goals } from './goals.js';
import { type ShownList, shownLists } from './impressions.js';
import { learnNextEvent } from './next-event.js';
import { Run } from './run.js';
import { sliceHistories } from './slice.js';
import { moveRows } from './moved-rows.js';
import { exportModels, hasOutdatedRanker, importModels } from './tensors.js';
import { DEFAULT_BUDGET, defaultThreads, refitModels, trainModels } from './train.js';
import type { ModelsInfo, TrainedModels, TrainOptions, TrainResult } from './types.js';

const DEFAULT_VALIDATION = 10_000;
/** Milliseconds. */
const DEFAULT_SESSION_GAP = 1_800_000;
const LEAST_SESSION_GAP = 60_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_THREADS = 1024;

/** Options that passed. */
interface Settings {
  seed: number;
  threads: number;
  validation: number;
  refit: boolean;
  /** Seconds. */
  budget: number;
  /** Milliseconds. */
  sessionGap: number;
  goals: Goals | undefined;
  signal: AbortSignal | undefined;
  onProgress: TrainOptions['onProgress'];
}

function isListener(value: unknown): value is NonNullable<TrainOptions['onProgress']> {
  return typeof value === 'function';
}

function check(value: unknown, types: EventTypeTable): Settings {
  const options = record('options', value);
  onlyKeys('', options, ['seed', 'threads', 'signal', 'onProgress', 'validation', 'refit', 'budget', 'goals', 'sessionGap']);
  const { seed, threads, onProgress, validation, refit, budget, goals } = options;
  const sessionGap = options.sessionGap === undefined ? DEFAULT_SESSION_GAP : duration('sessionGap', options.sessionGap);
  if (sessionGap < LEAST_SESSION_GAP) refuse('sessionGap', 'a minute at least', options.sessionGap);
  if (onProgress !== undefined && !isListener(onProgress)) refuse('onProgress', 'a function', onProgress);
  return {
    seed: seed === undefined ? 1 : integer('seed', seed, 0, MAX_SEED),
    threads: threads === undefined ? defaultThreads() : integer('threads', threads, 1, MAX_THREADS),
    validation: validation === undefined ? DEFAULT_VALIDATION : integer('validation', validation, 0, 1_000_000_000),
    refit: refit === undefined || boolean('refit', refit),
    budget: budget === undefined ? DEFAULT_BUDGET : duration('budget', budget) / 1000,
    sessionGap,
    goals: goals === undefined ? undefined : checkGoals(goals, types),
    signal: signal('signal', options.signal),
    onProgress,
  };
}

/** A bundle whose ranker was told other things than this version can tell it: the blend's order stands until a training. */
function withoutRanker({ id, report, tensors }: Bundle): Pick<Bundle, 'report' | 'tensors'> {
  const warning = `The ranker of ${id} was trained by another version and is left out; train again to have one.`;
  process.emitWarning(warning, { type: 'KairankWarning' });
  return { report: { ...report, ranker: report.ranker && { ...report.ranker, used: false } }, tensors: { ...tensors, ranker: null } };
}

/** The trainings of one engine: at most one at a time, and what the last one left. */
export class Trainer {
  #models: ModelsInfo | null = null;
  #next: NextEventModel | null = null;
  #running: Promise<unknown> | null = null;
  readonly #closing = new AbortController();

  constructor(
    private readonly core: NativeCore,
    private readonly store: Store,
    schema: Schema,
    private readonly types: EventTypeTable,
    /** Told when other models are in use. */
    private readonly published: () => void,
  ) {
    this.descriptions = new Descriptions(core, schema, store, () => this.#models);
  }

  /** What the catalogue says of items, for the models in use. */
  readonly descriptions: Descriptions;

  get models(): ModelsInfo | null {
    return this.#models;
  }

  /** What foretells a shopper's next event; null where nothing does. */
  get next(): NextEventModel | null {
    return this.#next;
  }

  /**
   * Puts the bundle that the store names as current to use.
   * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT
   */
  async load(): Promise<void> {
    const { dir, current } = this.store;
    if (dir === null || current === null) return;
    const bundle = await readBundle(join(dir, MODELS_FOLDER), current);
    const { id, trainedAt, next } = bundle;
    const { report, tensors } = hasOutdatedRanker(bundle.tensors) ? withoutRanker(bundle) : bundle;
    call(() => this.core.publish(importModels(moveRows(tensors, this.core.exportKeys()))));
    this.published();
    this.#models = { id, trainedAt, items: tensors.keys.length, report };
    this.#next = next;
    await this.descriptions.catchUp(undefined);
  }

  /** One run; see `Engine.train`. */
  async train(given: unknown): Promise<TrainResult> {
    const settings = check(given, this.types);
    if (this.#running) throw new KairankError('KAIRANK_BUSY', 'A training run is already going on.');
    const stop = AbortSignal.any(settings.signal ? [settings.signal, this.#closing.signal] : [this.#closing.signal]);
    const run = this.#run({ ...settings, signal: stop });
    this.#running = run;
    try {
      return await run;
    } finally {
      this.#running = null;
    }
  }

  /** Stops the run that is going on, and waits until it has. */
  async close(): Promise<void> {
    this.#closing.abort(new KairankError('KAIRANK_CLOSED', 'The engine was closed.'));
    await this.#running?.catch(() => undefined);
  }

  async #run(settings: Settings): Promise<TrainResult> {
    const { seed, threads, validation, refit, budget, goals, sessionGap, signal: stop, onProgress } = settings;
    const { dir } = this.store;
    if (dir !== null) await mkdir(join(dir, MODELS_FOLDER), { recursive: true });
    const options = {
      seed,
      threads,
      budget,
      refit,
      excludeSeen: null,
      ...(goals ? { goals } : {}),
      ...(dir === null ? {} : { checkpoints: join(dir, MODELS_FOLDER) }),
      ...(stop ? { signal: stop } : {}),
      ...(onProgress ? { onProgress } : {}),
    };
    const run = new Run(options);
    throwIfAborted(stop);
    const histories = call(() => this.core.exportHistories());
    const keys = call(() => this.core.exportKeys());
    const slice = sliceHistories(histories, validation, seed, false, goals);
    const described = await this.descriptions.all(keys, stop);
    const shown = slice.validation ? await this.#shown(histories, keys, slice.train, goals, stop) : [];
    let trained = await trainModels({ items: keys.length, ...slice, ...described, shown }, options, run);
    if (slice.validation && refit)
      trained = await refitModels(trained, { items: keys.length, train: histories, ...described }, options, run);
    if (goals) {
      const named = Object.fromEntries([...goals].map(([type, weight]) => [this.types.name(type), weight]));
      trained = { ...trained, report: { ...trained.report, goals: named } };
    }
    run.mark('next', false);
    const next = await learnNextEvent(histories, this.types, { seed, sessionGap, refit, signal: stop });
    trained = { ...trained, report: { ...trained.report, next: next?.report ?? null } };
    run.mark('next', true);
    run.mark('save', false);
    const { bundle, trainedAt } = await this.#save(trained, next?.model ?? null, keys, stop);
    call(() => this.core.publish(trained.models));
    this.published();
    run.mark('save', true);
    this.#models = { id: bundle, trainedAt, items: keys.length, report: trained.report };
    this.#next = next?.model ?? null;
    await this.descriptions.catchUp(stop);
    return {
      ...trained.report,
      seconds: run.seconds,
      id: bundle,
      items: keys.length,
      users: histories.offsets.length - 1,
      events: histories.rows.length,
    };
  }

  /** The lists that shoppers were shown, as the log has them. */
  #shown(
    histories: NativeHistories,
    keys: Float64Array,
    kept: NativeHistories,
    goals: Goals | undefined,
    stop: AbortSignal | undefined,
  ): Promise<ShownList[]> {
    const rows = new Map(Array.from(keys, (key, row) => [key, row]));
    const view = {
      log: this.store.log,
      rowOf: (key: number) => (key > 0 ? rows.get(key) : undefined),
      userRows: (users: readonly string[]) => call(() => this.core.userRows(users)),
      weightOf: (type: number, value: number) => weightOf(this.types, type, value),
    };
    return shownLists(view, histories, kept, goals, stop);
  }

  /** Makes the models the store's current ones, where the store keeps any; until that one commit the old ones are. */
  async #save(
    trained: TrainedModels,
    next: NextEventModel | null,
    keys: Float64Array,
    stop: AbortSignal | undefined,
  ): Promise<Omit<BundleReference, 'checksum'> & { trainedAt: string }> {
    const { dir, current: previous } = this.store;
    const now = new Date();
    if (dir === null) return { bundle: newBundleId(now), trainedAt: now.toISOString() };
    const folder = join(dir, MODELS_FOLDER);
    const { trainedAt, ...current } = await writeBundle(folder, exportModels(trained.models, keys), trained.report, next);
    throwIfAborted(stop);
    await this.store.write((transaction) => transaction.setCurrent(current));
    await pruneBundles(folder, [current.bundle, ...(previous ? [previous.bundle] : [])]);
    return { bundle: current.bundle, trainedAt };
  }
}
