/** Requests as the caller writes them, checked and turned into what the core takes. */

import { randomUUID } from 'node:crypto';
import { queryModalities } from '../catalog/content.js';
import { checkFieldNames } from '../catalog/items.js';
import type { Schema } from '../catalog/schema.js';
import type { NativeModality, NativeRequest } from '../native.js';
import { array, boolean, id as checkId, integer, number, oneOf, onlyKeys, record, refuse, signal, string } from '../options.js';
import type { EventTypeTable } from '../shopper/event-types.js';
import { checkVisit } from '../shopper/history.js';
import { type AnswerScenario, SCENARIOS } from './requests.js';
import { SCENARIO_DEFAULTS } from './scenarios.js';

export const MAX_K = 10_000;
export const MAX_CANDIDATES = 100_000;
export const MAX_EXCLUDED = 100_000;
/** Milliseconds. */
export const MAX_DEADLINE = 60_000;
/** Longest query in words, in UTF-16 units. */
export const MAX_TEXT = 10_000;
const DEFAULT_K = 10;
/** Events named as the reason of one item. */
const REASONS = 3;

const COMMON = ['where', 'exclude', 'reasons', 'fields', 'signal', 'deadline'];
const SHOPPER = ['user', 'events', 'onUnknownUser', 'excludeSeen'];

/** A request that passed; `where` is compiled by whoever holds the filters. */
export interface ParsedRequest {
  native: NativeRequest & { requestId: string };
  /** What observers know the answer by. */
  scenario: AnswerScenario;
  where: unknown;
  fields: string[];
  signal: AbortSignal | undefined;
  /** Whether a user without a history is an error. */
  mustKnowUser: boolean;
}

function ids(field: string, value: unknown, min: number, max: number): string[] {
  const list = array(field, value);
  if (list.length < min || list.length > max) refuse(field, `${min} to ${max} ids`, value);
  return list.map((one, index) => checkId(`${field}[${index}]`, one));
}

function common(schema: Schema, request: Record<string, unknown>, mode: NativeRequest['mode'], scenario: AnswerScenario): ParsedRequest {
  const { where, exclude, reasons, fields, deadline } = request;
  return {
    native: {
      requestId: randomUUID(),
      user: null,
      events: null,
      mode,
      items: null,
      words: null,
      k: DEFAULT_K,
      candidates: 0,
      filter: -1,
      excludeSeen: null,
      exclude: exclude === undefined ? null : ids('exclude', exclude, 0, MAX_EXCLUDED),
      now: Date.now(),
      deadline: deadline === undefined ? 0 : number('deadline', deadline, 1, MAX_DEADLINE),
      reasons: reasons === undefined || boolean('reasons', reasons) ? REASONS : 0,
    },
    scenario,
    where,
    fields: fields === undefined ? [] : checkFieldNames(schema, 'fields', fields),
    signal: signal('signal', request.signal),
    mustKnowUser: false,
  };
}

function shopper(types: EventTypeTable, request: Record<string, unknown>, parsed: ParsedRequest): void {
  const { user, events, onUnknownUser, excludeSeen } = request;
  if ((user === undefined) === (events === undefined))
    refuse('user', 'either a user or the events of a visit', user === undefined ? undefined : 'both');
  if (user !== undefined) parsed.native.user = checkId('user', user);
  else parsed.native.events = checkVisit(types, events, parsed.native.now);
  if (onUnknownUser !== undefined) parsed.mustKnowUser = oneOf('onUnknownUser', onUnknownUser, ['popular', 'error']) === 'error';
  if (excludeSeen !== undefined) parsed.native.excludeSeen = boolean('excludeSeen', excludeSeen);
}

function candidates(request: Record<string, unknown>, k: number, otherwise: number): number {
  return request.candidates === undefined ? Math.max(k, otherwise) : integer('candidates', request.candidates, k, MAX_CANDIDATES);
}

export function parseRecommend(schema: Schema, types: EventTypeTable, value: unknown): ParsedRequest {
  const request = record('request', value);
  onlyKeys('', request, [...COMMON, ...SHOPPER, 'k', 'scenario', 'candidates']);
  const name = request.scenario === undefined ? 'for-you' : oneOf('scenario', request.scenario, SCENARIOS);
  const parsed = common(schema, request, 'recommend', name);
  const { native } = parsed;
  const scenario = SCENARIO_DEFAULTS[name];
  native.excludeSeen = scenario.excludeSeen;
  shopper(types, request, parsed);
  if (request.k !== undefined) native.k = integer('k', request.k, 1, MAX_K);
  native.candidates = candidates(request, native.k, scenario.candidates);
  return parsed;
}

export function parseRank(schema: Schema, types: EventTypeTable, value: unknown): ParsedRequest {
  const request = record('request', value);
  onlyKeys('', request, [...COMMON, ...SHOPPER, 'k', 'items']);
  const parsed = common(schema, request, 'rank', 'rank');
  const { native } = parsed;
  native.excludeSeen = false;
  shopper(types, request, parsed);
  native.items = [...new Set(ids('items', request.items, 1, MAX_K))];
  native.k = request.k === undefined ? native.items.length : integer('k', request.k, 1, MAX_K);
  native.candidates = native.items.length;
  return parsed;
}

/** What `similar` is asked about. */
export type Subject = { item: string } | { text: string };

/** Words say what an item says whose text fields are these words, and which has no others. */
function queryOf(schema: Schema, value: unknown): { text: string; words: NativeModality[] } {
  const text = string('text', value);
  if (text.trim() === '' || text.length > MAX_TEXT) refuse('text', `words, at most ${MAX_TEXT} characters`, value);
  const fields = [...schema.fields.values()].filter(({ kind }) => kind === 'text').map(({ name }) => name);
  if (fields.length === 0) refuse('text', 'a catalogue with a text field, whose words the query is read as', value);
  return { text, words: queryModalities(fields, text) };
}

export function parseSimilar(schema: Schema, value: unknown): ParsedRequest & { subject: Subject } {
  const request = record('request', value);
  onlyKeys('', request, [...COMMON, 'item', 'text', 'k', 'candidates']);
  const parsed = common(schema, request, 'similar', 'similar');
  const { native } = parsed;
  if ((request.item === undefined) === (request.text === undefined))
    refuse('item', 'either an item or a text', request.item === undefined ? undefined : 'both');
  let subject: Subject;
  if (request.text === undefined) {
    const item = checkId('item', request.item);
    subject = { item };
    native.items = [item];
    native.exclude = [...(native.exclude ?? []), item];
  } else {
    const { text, words } = queryOf(schema, request.text);
    subject = { text };
    native.words = words;
  }
  native.excludeSeen = false;
  if (request.k !== undefined) native.k = integer('k', request.k, 1, MAX_K);
  native.candidates = candidates(request, native.k, SCENARIO_DEFAULTS['for-you'].candidates);
  return { ...parsed, subject };
}
