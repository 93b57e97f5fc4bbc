/** Events and items between JSON and an engine. */

import { checkItem } from '../catalog/items.js';
import { compileSchema, toRecord } from '../catalog/schema.js';
import type { Engine } from '../engine.js';
import type { RankedItem } from '../pipeline/requests.js';
import { EventTypeTable } from '../shopper/event-types.js';
import { EVENT_TYPES } from '../shopper/events.js';
import { checkEvent } from '../shopper/validate.js';
import type { Sink } from './ingest.js';

/** Records as they came; the engine checks every one before it stores any. */
type Events = Parameters<Engine['events']['add']>[0];
type Items = Parameters<Engine['items']['put']>[0];

export function eventSink(engine: Engine): Sink {
  // Whether an event is well formed does not depend on the weights.
  const types = new EventTypeTable({ own: engine.eventTypes.slice(EVENT_TYPES.length), weights: {} });
  return {
    check: (value) => void checkEvent(types, 'event', value, Date.now()),
    add: (value) => engine.events.add(value as Events),
  };
}

export function itemSink(engine: Engine): Sink {
  const schema = compileSchema(toRecord(engine.catalog));
  return {
    check: (value) => void checkItem(schema, 'item', value),
    // An item that was there is replaced: none is a duplicate.
    add: async (value) => ({ accepted: (await engine.items.put(value as Items)).put, duplicates: 0 }),
  };
}

/** An answer as JSON can say it: vectors as arrays of numbers. */
export function plainAnswer<A extends { items: RankedItem[] }>(answer: A): object {
  if (!answer.items.some(({ fields }) => fields)) return answer;
  const items = answer.items.map(({ fields, ...item }) => {
    const plain = Object.entries(fields ?? {}).map(([name, value]) => [name, value instanceof Float32Array ? [...value] : value]);
    return { ...item, fields: Object.fromEntries(plain) as object };
  });
  return { ...answer, items };
}
