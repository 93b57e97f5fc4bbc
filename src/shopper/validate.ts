/** Events as they come in: every one checked before any is stored. */

import { id as checkId, number, onlyKeys, record, refuse, string, time } from '../options.js';
import type { EventTypeTable } from './event-types.js';

/** What an event carries beside who, what, when: kept in the log as it came. */
export interface EventExtras {
  session?: string;
  query?: string;
  quantity?: number;
  requestId?: string;
  position?: number;
  propensity?: number;
  modelVersion?: string;
}

/** An event that passed, ready to be stored. */
export interface CheckedEvent {
  user: string;
  /** '' for none. */
  item: string;
  /** Native index of the type. */
  type: number;
  at: number;
  /** For deduplication; '' for none. */
  id: string;
  /** Rating, or amount of money; NaN for none. */
  value: number;
  /** null when it carries nothing more. */
  extras: EventExtras | null;
}

const KEYS = [
  'user',
  'item',
  'type',
  'at',
  'id',
  'session',
  'query',
  'value',
  'quantity',
  'requestId',
  'position',
  'propensity',
  'modelVersion',
];
export const MAX_QUERY_LENGTH = 2000;
export const MAX_POSITION = 1_000_000;

function checkExtras(path: string, event: Record<string, unknown>, type: string): EventExtras | null {
  const extras: EventExtras = {};
  const at = (name: string): string => `${path}.${name}`;
  if (event.session !== undefined) extras.session = checkId(at('session'), event.session);
  if (event.query !== undefined || type === 'search') {
    const query = string(at('query'), event.query);
    if (query.length > MAX_QUERY_LENGTH) refuse(at('query'), `at most ${MAX_QUERY_LENGTH} characters`, query);
    extras.query = query;
  }
  if (event.quantity !== undefined) extras.quantity = number(at('quantity'), event.quantity, Number.MIN_VALUE);
  if (event.requestId !== undefined) extras.requestId = checkId(at('requestId'), event.requestId);
  if (event.position !== undefined) {
    const position = number(at('position'), event.position, 0, MAX_POSITION);
    if (!Number.isInteger(position)) refuse(at('position'), `a whole number from 0 to ${MAX_POSITION}`, position);
    extras.position = position;
  }
  if (event.propensity !== undefined) extras.propensity = number(at('propensity'), event.propensity, Number.MIN_VALUE, 1);
  if (event.modelVersion !== undefined) extras.modelVersion = checkId(at('modelVersion'), event.modelVersion);
  return Object.keys(extras).length === 0 ? null : extras;
}

function checkValue(path: string, value: unknown, type: string): number {
  if (type === 'rating') return number(path, value, -1, 1);
  return value === undefined ? Number.NaN : number(path, value);
}

/**
 * Checks one event. `now` is its time when it names none.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT naming `events[3].type` and so on
 */
export function checkEvent(types: EventTypeTable, path: string, given: unknown, now: number): CheckedEvent {
  const event = record(path, given);
  onlyKeys(path, event, KEYS);
  const user = checkId(`${path}.user`, event.user);
  const type = types.index(`${path}.type`, event.type);
  const name = types.name(type);
  const item = event.item === undefined && name === 'search' ? '' : checkId(`${path}.item`, event.item);
  const at = event.at === undefined ? now : time(`${path}.at`, event.at);
  const id = event.id === undefined ? '' : checkId(`${path}.id`, event.id);
  const value = checkValue(`${path}.value`, event.value, name);
  return { user, item, type, at, id, value, extras: checkExtras(path, event, name) };
}

/** How strongly an event speaks for its item: the weight of its type, times its value when it is a rating. */
export function weightOf(types: EventTypeTable, type: number, value: number): number {
  const weight = types.weight(type);
  return types.name(type) === 'rating' ? weight * value : weight;
}
