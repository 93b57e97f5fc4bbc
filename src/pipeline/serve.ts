/** Requests answered: checked, asked of the core, and put into the caller's words. */

import { type Filter, FilterCache, mayBeEvicted } from '../catalog/filters.js';
import { titleOf } from '../catalog/items.js';
import type { FieldName, Fields, FieldValue, Schema, StoredFields } from '../catalog/schema.js';
import { KairankError } from '../errors.js';
import { call, runJob } from '../jobs.js';
import { type NativeCore, type NativeReply, SOURCES, STAGES } from '../native.js';
import { show } from '../options.js';
import type { EventTypeTable } from '../shopper/event-types.js';
import { type ParsedRequest, parseRank, parseRecommend, parseSimilar, type Subject } from './parse.js';
import { reasonItems, reasonsOf } from './reasons.js';
import type { Answer, AnswerTiming, RankAnswer, RankedItem, RankRequest, RecommendRequest, SimilarRequest } from './requests.js';

type ItemFields = Readonly<Record<string, FieldValue>>;

/** Looks up stored items; those that are not there are left out. */
export type ItemLookup = (ids: readonly string[]) => ReadonlyMap<string, ItemFields> | Promise<ReadonlyMap<string, ItemFields>>;

/** In a millisecond. */
const MICROSECONDS = 1000;

function sourcesOf(mask: number): (typeof SOURCES)[number][] {
  return SOURCES.filter((_, bit) => (mask >>> bit) & 1);
}

export class Server<F extends Fields> {
  readonly #filters: FilterCache;

  constructor(
    private readonly core: NativeCore,
    private readonly schema: Schema,
    private readonly types: EventTypeTable,
    private readonly lookup: ItemLookup,
    /** Told where the time of each answer went; null, asked anew each time: nobody listens. */
    private readonly observer: () => ((timing: AnswerTiming) => void) | null = () => null,
  ) {
    this.#filters = new FilterCache(core, schema);
  }

  async recommend<N extends FieldName<F>>(request: RecommendRequest<F, N>): Promise<Answer<F, N>> {
    const started = performance.now();
    const parsed = parseRecommend(this.schema, this.types, request);
    return this.#answer<N>(await this.#ask(parsed), parsed, null, started);
  }

  async rank<N extends FieldName<F>>(request: RankRequest<F, N>): Promise<RankAnswer<F, N>> {
    const started = performance.now();
    const parsed = parseRank(this.schema, this.types, request);
    const reply = await this.#ask(parsed);
    return { ...(await this.#answer<N>(reply, parsed, null, started)), refused: reply.refused };
  }

  async similar<N extends FieldName<F>>(request: SimilarRequest<F, N>): Promise<Answer<F, N>> {
    const started = performance.now();
    const { subject, ...parsed } = parseSimilar(this.schema, request);
    if ('item' in subject) {
      const item = show(subject.item);
      if (!call(() => this.core.hasItem(subject.item)))
        throw new KairankError('KAIRANK_NOT_FOUND', `item: the catalogue has no item ${item}`, { field: 'item', received: item });
    }
    const reply = await this.#ask(parsed);
    if ('text' in subject && !reply.known) {
      const expected = 'models that have learned from text fields (see train)';
      throw new KairankError('KAIRANK_NOT_FOUND', `text: expected ${expected}; the models in use read no words`, {
        field: 'text',
        expected,
      });
    }
    return this.#answer<N>(reply, parsed, subject, started);
  }

  async #ask(parsed: ParsedRequest): Promise<NativeReply> {
    const reply = await this.#askFiltered(parsed);
    const { user } = parsed.native;
    if (parsed.mustKnowUser && !reply.known) {
      throw new KairankError('KAIRANK_NOT_FOUND', `user: no events are known of ${show(user)}`, { field: 'user', received: show(user) });
    }
    return reply;
  }

  async #askFiltered({ native, where, signal }: ParsedRequest): Promise<NativeReply> {
    const filter = call(() => this.#filters.find(where));
    try {
      return await this.#askOnce(native, filter, signal);
    } catch (error) {
      // The core keeps a bounded number of filters: one it let go of is compiled again, once.
      if (!filter || !mayBeEvicted(error)) throw error;
      call(() => this.#filters.renew(filter));
      return this.#askOnce(native, filter, signal);
    }
  }

  #askOnce(native: ParsedRequest['native'], filter: Filter | null, signal: AbortSignal | undefined): Promise<NativeReply> {
    return runJob(() => this.core.request(filter ? { ...native, filter: filter.handle } : native), signal);
  }

  async #answer<N extends FieldName<F>>(
    reply: NativeReply,
    { native, fields, scenario }: ParsedRequest,
    subject: Subject | null,
    started: number,
  ): Promise<Answer<F, N>> {
    const named = this.schema.title === null ? [] : reasonItems(reply);
    const wanted = fields.length > 0 ? [...named, ...reply.ids] : named;
    const stored = wanted.length > 0 ? await this.lookup(wanted) : new Map<string, ItemFields>();
    const titles = new Map(named.map((id) => [id, titleOf(this.schema, id, stored.get(id))]));
    const degraded = STAGES.filter((_, bit) => (reply.skipped >>> bit) & 1);
    const items = reply.ids.map((id, index): RankedItem<F, N> => {
      const sources = sourcesOf(reply.sources[index] ?? 0);
      return {
        id,
        score: reply.scores[index] ?? 0,
        sources,
        parts: Object.fromEntries(sources.map((source) => [source, reply.parts[index * SOURCES.length + SOURCES.indexOf(source)] ?? 0])),
        reasons: native.reasons > 0 && !degraded.includes('reasons') ? reasonsOf(reply, index, this.types, titles, subject) : [],
        ...(fields.length > 0 ? { fields: pick<F, N>(stored.get(id), fields) } : {}),
      };
    });
    const took = performance.now() - started;
    this.observer()?.({ scenario, total: took, waited: reply.waited / MICROSECONDS, native: reply.took / MICROSECONDS });
    return { requestId: native.requestId, items, degraded, underfilled: reply.underfilled, took };
  }
}

/** The wanted fields of a stored item; absent ones are left out. */
function pick<F extends Fields, N extends FieldName<F>>(
  stored: ItemFields | undefined,
  names: readonly string[],
): Pick<StoredFields<F>, N & keyof StoredFields<F>> {
  const picked: Record<string, FieldValue> = {};
  for (const name of names) {
    const value = stored?.[name];
    // In memory the stored vector itself came: the caller may write to what is returned.
    if (value !== undefined) picked[name] = value instanceof Float32Array ? value.slice() : value;
  }
  // Stored items were checked against the schema that F describes when they were put.
  return picked as Pick<StoredFields<F>, N & keyof StoredFields<F>>;
}
