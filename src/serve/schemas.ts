/**
 * What goes over the wire, as JSON Schema (2020-12, as OpenAPI 3.1 has it). They describe; the engine's own guards check, as they do
 * for callers in the process: their errors name the field, what was expected and what came. Tests hold the two together.
 */

import { ERROR_CODES } from '../errors.js';
import { SOURCES } from '../native.js';
import { MAX_ID_LENGTH } from '../options.js';
import { MAX_CANDIDATES, MAX_DEADLINE, MAX_EXCLUDED, MAX_K, MAX_TEXT } from '../pipeline/parse.js';
import { SCENARIOS } from '../pipeline/requests.js';
import { EVENT_TYPES } from '../shopper/events.js';
import { MAX_VISIT } from '../shopper/history.js';
import { OUTCOMES } from '../shopper/next-event.js';
import { MAX_POSITION, MAX_QUERY_LENGTH } from '../shopper/validate.js';
import { HTTP_ERROR_CODES } from './errors.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema of this page, by its name. */
export const ref = (name: SchemaName): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const local = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

const id = { type: 'string', minLength: 1, maxLength: MAX_ID_LENGTH };
const count = { type: 'integer', minimum: 0 };
const text = { type: 'string' };
const time = {
  description: 'ISO 8601, or milliseconds since 1970.',
  oneOf: [{ type: 'string' }, { type: 'number', minimum: -8.64e15, maximum: 8.64e15 }],
};

type Properties = Readonly<Record<string, JsonSchema>>;

/** An object of these properties alone. */
function closed(properties: Properties, required: readonly string[] = [], more: JsonSchema = {}): JsonSchema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false, ...more };
}

const ofType = (type: string): JsonSchema => ({ properties: { type: { const: type } } });

const common: Properties = {
  where: {
    type: 'object',
    description:
      'Which items may be shown: { "price": { "lt": 20 }, "brand": "acme" }; "and", "or" and "not" nest. Fields are those of the catalogue.',
  },
  exclude: { type: 'array', items: id, maxItems: MAX_EXCLUDED, description: 'Ids never to show.' },
  reasons: { type: 'boolean', default: true },
  fields: { type: 'array', items: text, description: 'Fields to return with each item.' },
  deadline: { type: 'number', minimum: 1, maximum: MAX_DEADLINE, description: 'Milliseconds after which it fails with 503.' },
};

/** `similar` never shows the item itself, which takes one of the places. */
const excludeBesideItem = { ...common.exclude, maxItems: MAX_EXCLUDED - 1 };

const shopper: Properties = {
  user: { ...id, description: 'The shopper. Give user or events.' },
  events: { type: 'array', items: local('VisitEvent'), minItems: 1, maxItems: MAX_VISIT, description: 'Or the events of a visit.' },
  onUnknownUser: { enum: ['popular', 'error'], default: 'popular' },
  excludeSeen: { type: 'boolean' },
};
const oneShopper = { oneOf: [{ required: ['user'] }, { required: ['events'] }] };

const k = { type: 'integer', minimum: 1, maximum: MAX_K };
const candidates = { type: 'integer', minimum: 1, maximum: MAX_CANDIDATES, description: 'At least k.' };

const ranked: Properties = {
  requestId: { ...text, description: 'Events that followed from this answer name it.' },
  items: { type: 'array', items: local('RankedItem') },
  degraded: { type: 'array', items: text },
  underfilled: { type: 'boolean', description: 'Fewer than k items could be shown.' },
  took: { type: 'number', description: 'Milliseconds within the engine.' },
};
const RANKED = ['requestId', 'items', 'degraded', 'underfilled', 'took'];

/** Every schema that a route names. Those of items and event types are narrowed to the shop's own in its OpenAPI document. */
export const SCHEMAS = {
  RecommendRequest: closed(
    { ...common, ...shopper, k: { ...k, default: 10 }, scenario: { enum: SCENARIOS, default: 'for-you' }, candidates },
    [],
    oneShopper,
  ),
  RankRequest: closed(
    { ...common, ...shopper, k, items: { type: 'array', items: id, minItems: 1, maxItems: MAX_K } },
    ['items'],
    oneShopper,
  ),
  SimilarRequest: closed(
    {
      ...common,
      exclude: excludeBesideItem,
      k: { ...k, default: 10 },
      candidates,
      item: id,
      text: { ...text, minLength: 1, maxLength: MAX_TEXT, pattern: '\\S' },
    },
    [],
    { oneOf: [{ required: ['item'] }, { required: ['text'] }] },
  ),
  VisitEvent: closed({ item: id, type: local('EventType'), at: time }, ['item']),
  EventType: { type: 'string', examples: EVENT_TYPES },
  Event: closed(
    {
      user: id,
      item: { ...id, description: 'May be left out of a search alone.' },
      type: local('EventType'),
      at: { ...time, description: `${time.description} Default: now.` },
      id: { ...id, description: 'An event whose id was accepted before is a duplicate.' },
      session: id,
      query: { ...text, maxLength: MAX_QUERY_LENGTH },
      value: { type: 'number', description: 'A rating from -1 to 1, or an amount of money.' },
      quantity: { type: 'number', exclusiveMinimum: 0 },
      requestId: { ...id, description: 'Of the list that the event answers to.' },
      position: { type: 'integer', minimum: 0, maximum: MAX_POSITION },
      propensity: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
      modelVersion: id,
    },
    ['user', 'type'],
    {
      allOf: [
        { anyOf: [{ required: ['item'] }, ofType('search')] },
        { anyOf: [{ not: ofType('search') }, { required: ['query'] }] },
        { anyOf: [{ not: ofType('rating') }, { properties: { value: { minimum: -1, maximum: 1 } }, required: ['value'] }] },
      ],
    },
  ),
  Item: { type: 'object', properties: { id }, required: ['id'], description: 'An id beside the fields of the catalogue.' },
  Ingested: closed(
    {
      accepted: count,
      duplicates: { ...count, description: 'Events whose id had been accepted before.' },
      rejected: count,
      errors: {
        type: 'array',
        description: 'The first 100 rejected lines of a stream.',
        items: closed({ line: { type: 'integer', minimum: 1 }, error: local('ErrorDetails') }, ['line', 'error']),
      },
    },
    ['accepted', 'duplicates', 'rejected', 'errors'],
  ),
  Removed: closed({ removed: count }, ['removed']),
  Reason: closed(
    {
      kind: { enum: ['because-you', 'similar-to', 'matches', 'popular'] },
      item: id,
      type: text,
      weight: { type: 'number', minimum: 0 },
      text,
    },
    ['kind', 'weight', 'text'],
  ),
  RankedItem: closed(
    {
      id,
      score: { type: 'number' },
      sources: { type: 'array', items: { enum: SOURCES } },
      parts: { type: 'object', additionalProperties: { type: 'number' } },
      reasons: { type: 'array', items: local('Reason') },
      fields: { type: 'object', description: 'Those that were asked for, as far as the item has them.' },
    },
    ['id', 'score', 'sources', 'parts', 'reasons'],
  ),
  Answer: closed(ranked, RANKED),
  RankAnswer: closed({ ...ranked, refused: { type: 'array', items: id } }, [...RANKED, 'refused']),
  Shopper: closed(
    {
      user: id,
      events: {
        type: 'array',
        items: closed(
          {
            item: { oneOf: [id, { type: 'null' }] },
            type: text,
            at: { type: 'number', description: 'Milliseconds since 1970.' },
            weight: { type: 'number' },
          },
          ['item', 'type', 'at', 'weight'],
        ),
      },
      interests: { type: 'object', description: 'By field of the catalogue: shares of values, or a band of numbers.' },
      next: {
        description: 'Probabilities of what comes next; null when the shopper is not in a session, or nothing was learned of it.',
        oneOf: [
          closed(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, { type: 'number', minimum: 0, maximum: 1 }])), OUTCOMES),
          { type: 'null' },
        ],
      },
    },
    ['user', 'events', 'interests', 'next'],
  ),
  Live: closed({ live: { const: true } }, ['live']),
  Ready: closed({ ready: { type: 'boolean' } }, ['ready']),
  ErrorDetails: closed(
    {
      code: { enum: [...Object.keys(ERROR_CODES), ...HTTP_ERROR_CODES] },
      message: text,
      field: text,
      expected: text,
      received: text,
    },
    ['code', 'message'],
  ),
  Error: {
    type: 'object',
    description: 'Of a stream that was stopped, also what was done before: accepted, duplicates, rejected, errors.',
    properties: { error: local('ErrorDetails') },
    required: ['error'],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

export type SchemaName = keyof typeof SCHEMAS;
