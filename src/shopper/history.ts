/** Histories as the caller sees them, and the events of a visit as the core takes them. */

import { KairankError } from '../errors.js';
import type { NativeCore, NativeHistoryInput } from '../native.js';
import { array, id as checkId, onlyKeys, record, refuse, show, time } from '../options.js';
import type { EventTypeTable } from './event-types.js';
import type { Shopper } from './events.js';

export const MAX_HISTORY = 100_000;
export const MAX_VISIT = 1000;

/**
 * The last `limit` events of a shopper.
 * @throws KairankError KAIRANK_NOT_FOUND for a user without events
 */
export function readShopper(core: NativeCore, types: EventTypeTable, user: string, limit: number): Pick<Shopper, 'user' | 'events'> {
  const history = core.history(user, limit);
  if (!history) {
    throw new KairankError('KAIRANK_NOT_FOUND', `user: no events are known of ${show(user)}`, { field: 'user', received: show(user) });
  }
  const events = history.items.map((item, index) => ({
    item: item === '' ? null : item,
    type: types.name(history.types[index] ?? 0),
    at: history.times[index] ?? 0,
    weight: history.weights[index] ?? 0,
  }));
  return { user, events };
}

/** Checks the events of a visit that a request brings along; oldest first, at least one. */
export function checkVisit(types: EventTypeTable, value: unknown, now: number): NativeHistoryInput {
  const events = array('events', value);
  if (events.length === 0 || events.length > MAX_VISIT) refuse('events', `1 to ${MAX_VISIT} events`, value);
  const visit = {
    items: [] as string[],
    types: new Uint16Array(events.length),
    times: new Float64Array(events.length),
  };
  let before = Number.NEGATIVE_INFINITY;
  for (const [index, given] of events.entries()) {
    const path = `events[${index}]`;
    const event = record(path, given);
    onlyKeys(path, event, ['item', 'type', 'at']);
    visit.items.push(checkId(`${path}.item`, event.item));
    visit.types[index] = types.index(`${path}.type`, event.type === undefined ? 'view' : event.type);
    const at = event.at === undefined ? now : time(`${path}.at`, event.at);
    if (at < before) refuse(`${path}.at`, 'a time not before that of the event before it (oldest first)', event.at);
    visit.times[index] = at;
    before = at;
  }
  return visit;
}
