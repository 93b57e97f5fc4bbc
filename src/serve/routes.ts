/** The one table of routes: what each one takes, who may ask, and which call of the engine answers. */

import type { IncomingMessage } from 'node:http';
import type { Engine } from '../engine.js';
import { record, refuse } from '../options.js';
import { type IngestReport, ingest, ingestLines, type Sink, type StreamLimits } from './ingest.js';
import type { Scope } from './keys.js';
import { eventSink, itemSink, plainAnswer } from './records.js';
import type { JsonSchema, SchemaName } from './schemas.js';
import type { Service } from './service.js';

/** The media type of a stream of JSON lines. */
export const NDJSON = 'application/x-ndjson';

/** A request as a route sees it; nothing in it has been checked. */
export interface Asked {
  /** What JSON said; undefined where there was no body. */
  body: unknown;
  /** The body as it comes in, where it is a stream of lines. */
  stream: IncomingMessage | null;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  limits: StreamLimits;
}

/** What is answered: JSON with status 200, unless it says otherwise. */
export interface Answered {
  status?: number;
  type?: string;
  body: unknown;
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` for a part that varies. */
  path: string;
  /** What a key has to have; null: anybody may ask. */
  scope: Scope | null;
  /** One line, for the OpenAPI document. */
  summary: string;
  /** What a JSON body is; where `lines` is set, an array of these, too. */
  body?: SchemaName;
  /** Whether a stream of lines is taken, too. */
  lines?: boolean;
  query?: Readonly<Record<string, JsonSchema>>;
  /** What is answered by status: a schema, or a media type that is not JSON. */
  answers: Readonly<Record<number, SchemaName | { media: string }>>;
  handle(service: Service, asked: Asked): Answered | Promise<Answered>;
}

/**
 * A value from the wire, under the type that the engine declares for it. It is a claim and no more: the engine checks every part,
 * for callers in the process as well.
 */
function claimed<R>(value: object): R {
  return value as R;
}

/** A request with the signal of its connection, which cannot come over the wire. */
function withSignal<M extends 'recommend' | 'rank' | 'similar'>(body: unknown, signal: AbortSignal): Parameters<Engine[M]>[0] {
  const request = record('request', body);
  if (Object.hasOwn(request, 'signal')) refuse('signal', 'no such option', request.signal);
  return claimed({ ...request, signal });
}

/** A number in a query, left as it is where it is none: the engine says what is wrong with it. */
function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
}

async function take(sink: Sink, { body, stream, limits }: Asked): Promise<IngestReport> {
  // Leaving a stream in its midst must not end the connection: the answer goes over it.
  return stream ? ingestLines(sink, stream.iterator({ destroyOnReturn: false }), limits) : ingest(sink, body);
}

/** Counted where they are stored: of a stream that breaks, what came before counts. */
function countedEvents(service: Service): Sink {
  const sink = eventSink(service.engine());
  return {
    check: (value) => sink.check(value),
    add: async (value) => {
      const added = await sink.add(value);
      service.metrics.countEvents(added);
      return added;
    },
  };
}

/** Prometheus scrapes it as it is. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/recommend',
    scope: 'read',
    summary: 'The k best items of the catalogue for a shopper.',
    body: 'RecommendRequest',
    answers: { 200: 'Answer' },
    handle: async (service, { body, signal }) => ({
      body: plainAnswer(await service.engine().recommend(withSignal<'recommend'>(body, signal))),
    }),
  },
  {
    method: 'POST',
    path: '/v1/rank',
    scope: 'read',
    summary: 'The order of given items for a shopper.',
    body: 'RankRequest',
    answers: { 200: 'RankAnswer' },
    handle: async (service, { body, signal }) => ({
      body: plainAnswer(await service.engine().rank(withSignal<'rank'>(body, signal))),
    }),
  },
  {
    method: 'POST',
    path: '/v1/similar',
    scope: 'read',
    summary: 'The items most like one item, or nearest to words.',
    body: 'SimilarRequest',
    answers: { 200: 'Answer' },
    handle: async (service, { body, signal }) => ({
      body: plainAnswer(await service.engine().similar(withSignal<'similar'>(body, signal))),
    }),
  },
  {
    method: 'POST',
    path: '/v1/events',
    scope: 'write',
    summary: 'What shoppers do: one event, an array (all or nothing), or a stream of lines (the good ones are taken).',
    body: 'Event',
    lines: true,
    answers: { 200: 'Ingested' },
    handle: async (service, asked) => ({ body: await take(countedEvents(service), asked) }),
  },
  {
    method: 'POST',
    path: '/v1/items',
    scope: 'write',
    summary: 'Puts or replaces items, whole: one, an array (all or nothing), or a stream of lines (the good ones are taken).',
    body: 'Item',
    lines: true,
    answers: { 200: 'Ingested' },
    handle: async (service, asked) => ({ body: await take(itemSink(service.engine()), asked) }),
  },
  {
    method: 'DELETE',
    path: '/v1/items/:id',
    scope: 'write',
    summary: 'Takes an item out of every answer; how many were there.',
    answers: { 200: 'Removed' },
    handle: async (service, { params }) => ({ body: await service.engine().items.remove(params.id ?? '') }),
  },
  {
    method: 'GET',
    path: '/v1/users/:user',
    scope: 'read',
    summary: 'What is known of a shopper: last events, interests, what they do next.',
    query: {
      limit: { type: 'integer', minimum: 1, maximum: 100_000, default: 100 },
      at: { type: 'string', description: 'As it was then: ISO 8601, or milliseconds since 1970.' },
    },
    answers: { 200: 'Shopper' },
    handle: async (service, { params, query }) => {
      const options: Record<string, unknown> = {};
      for (const name of ['limit', 'at']) if (query[name] !== undefined) options[name] = numeric(query[name]);
      return { body: await service.engine().shopper(params.user ?? '', claimed(options)) };
    },
  },
  {
    method: 'GET',
    path: '/healthz',
    scope: null,
    summary: 'Whether the process lives.',
    answers: { 200: 'Live' },
    handle: () => ({ body: { live: true } }),
  },
  {
    method: 'GET',
    path: '/readyz',
    scope: null,
    summary: 'Whether requests should be sent here: not while a shop is being opened, nor while the server drains.',
    answers: { 200: 'Ready', 503: 'Ready' },
    handle: (service) => ({ status: service.ready ? 200 : 503, body: { ready: service.ready } }),
  },
  {
    method: 'GET',
    path: '/metrics',
    scope: 'admin',
    summary: 'Figures in the text format of Prometheus.',
    answers: { 200: { media: 'text/plain' } },
    handle: async (service) => ({ type: METRICS_TYPE, body: await service.metrics.text() }),
  },
  {
    method: 'GET',
    path: '/openapi.json',
    scope: 'read',
    summary: 'This API, as OpenAPI 3.1.',
    answers: { 200: { media: 'application/json' } },
    handle: (service) => ({ body: service.document() }),
  },
];
