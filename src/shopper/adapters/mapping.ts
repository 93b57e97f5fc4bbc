/** Events by a mapping: `user=customer_id,item=sku,at=time,type=kind`. */

import type { Fields } from '../../formats/records.js';
import { refuse } from '../../options.js';
import { EVENT_TYPES, type ShopEvent } from '../events.js';
import { type Adapted, type Adapter, asId, asNumber, type ItemFacts, tooLong } from './adapter.js';
import { TimeReader, type TimeUnit } from './times.js';

/** The parts of an event that a column can give. */
export const EVENT_PARTS = [
  'user',
  'item',
  'at',
  'type',
  'id',
  'session',
  'query',
  'value',
  'quantity',
  'requestId',
  'position',
  'propensity',
  'modelVersion',
] as const;
export type EventPart = (typeof EVENT_PARTS)[number];

/** Column of each part. */
export type ColumnMap = Partial<Record<EventPart, string>>;

export interface MappingOptions {
  map: ColumnMap;
  /** The type of every event, where no column says it. Default: purchase. */
  type?: string;
  /** The shop's own words for types: `{ addtocart: 'cart' }`. */
  types?: Readonly<Record<string, string>>;
  /** Types that the engine knows besides the built-in ones. */
  ownTypes?: readonly string[];
  /** Unit of times that are numbers. Default: found out. */
  timeUnit?: TimeUnit | undefined;
}

/** Reads `a=x,b=y` (a column may hold spaces, but no comma and no `=`). @throws KairankError KAIRANK_INVALID_ARGUMENT */
export function parsePairs(field: string, text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const [name = '', value = '', ...more] = part.split('=').map((word) => word.trim());
    if (name === '' || value === '' || more.length > 0) refuse(field, 'pairs such as user=customer_id,item=sku', part);
    if (pairs.has(name)) refuse(field, 'every name once', name);
    pairs.set(name, value);
  }
  return pairs;
}

/** Reads a mapping of columns. @throws KairankError KAIRANK_INVALID_ARGUMENT for parts that an event does not have. */
export function parseColumnMap(field: string, text: string): ColumnMap {
  const map: ColumnMap = {};
  for (const [name, column] of parsePairs(field, text)) {
    const part = EVENT_PARTS.find((known) => known === name);
    if (part === undefined) refuse(field, `parts of an event (${EVENT_PARTS.join(', ')})`, name);
    map[part] = column;
  }
  return map;
}

/** A column of a record; `a.b` reaches into objects where no column is called so. */
function pick(fields: Fields, column: string | undefined): unknown {
  if (column === undefined) return undefined;
  if (Object.hasOwn(fields, column)) return fields[column];
  if (!column.includes('.')) return undefined;
  let value: unknown = fields;
  for (const step of column.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Object.entries(value).find(([name]) => name === step)?.[1];
  }
  return value;
}

const NO_ITEMS: ReadonlyMap<string, ItemFacts> = new Map();

/**
 * Adapts records by a mapping. What an event needs and a record lacks makes it rejected: `user missing`, `item missing`,
 * `at missing`, `at unreadable`, `type unknown`, `user too long`, `query missing`, `value missing`, `value unreadable` and the like.
 *
 * @param available names of the file's columns, where it states them.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT when the mapping lacks user, item or at, or names a column that is not there.
 */
export function createMappingAdapter(options: MappingOptions, available: readonly string[] | undefined): Adapter {
  const { map } = options;
  for (const part of ['user', 'item', 'at'] as const) {
    if (map[part] === undefined) refuse('map', `a column for ${part} (${part}=COLUMN)`, Object.keys(map).join(', ') || 'none');
  }
  for (const [part, column] of Object.entries(map)) {
    if (available && !available.includes(column)) refuse(`map.${part}`, `one of the file's columns (${available.join(', ')})`, column);
  }
  const known = new Set<string>([...EVENT_TYPES, ...(options.ownTypes ?? [])]);
  const words = new Map(Object.entries(options.types ?? {}));
  for (const type of [...words.values(), options.type ?? 'purchase']) {
    if (!known.has(type)) refuse('type', `one of ${[...known].join(', ')}`, type);
  }
  const times = new TimeReader(options.timeUnit);
  const typeOf = (value: unknown): string | undefined => {
    if (value === undefined || value === null || value === '') return options.type ?? 'purchase';
    const word = asId(value) ?? '';
    const type = words.get(word) ?? word.toLowerCase().replaceAll('_', '-');
    return known.has(type) ? type : undefined;
  };
  return {
    columns: Object.values(map),
    items: NO_ITEMS,
    get notes() {
      return { at: times.description };
    },
    prepare: (sample) => times.prepare(sample.map((fields) => pick(fields, map.at))),
    adapt(fields): Adapted {
      const type = typeOf(pick(fields, map.type));
      if (type === undefined) return { rejected: 'type unknown' };
      const user = asId(pick(fields, map.user));
      if (user === undefined) return { rejected: 'user missing' };
      if (tooLong(user)) return { rejected: 'user too long' };
      const item = asId(pick(fields, map.item));
      if (item === undefined && type !== 'search') return { rejected: 'item missing' };
      if (item !== undefined && tooLong(item)) return { rejected: 'item too long' };
      const when = pick(fields, map.at);
      if (when === undefined || when === null || when === '') return { rejected: 'at missing' };
      const at = times.read(when);
      if (at === undefined) return { rejected: 'at unreadable' };
      const event: ShopEvent & { at: number } = { user, type, at };
      if (item !== undefined) event.item = item;
      const rejected = addTexts(event, fields, map) ?? addNumbers(event, fields, map);
      return rejected === undefined ? { event } : { rejected };
    },
  };
}

function addTexts(event: ShopEvent, fields: Fields, map: ColumnMap): string | undefined {
  for (const part of ['id', 'session', 'query', 'requestId', 'modelVersion'] as const) {
    const text = asId(pick(fields, map[part]));
    if (text === undefined) continue;
    if (part !== 'query' && tooLong(text)) return `${part} too long`;
    event[part] = text;
  }
  return event.type === 'search' && event.query === undefined ? 'query missing' : undefined;
}

/** What each number of an event may be; the engine refuses the same. */
const NUMBERS = {
  value: (value: number, type: string) => type !== 'rating' || Math.abs(value) <= 1,
  quantity: (value: number) => value > 0,
  position: (value: number) => Number.isSafeInteger(value) && value >= 0,
  propensity: (value: number) => value > 0 && value <= 1,
};

function addNumbers(event: ShopEvent, fields: Fields, map: ColumnMap): string | undefined {
  for (const part of ['value', 'quantity', 'position', 'propensity'] as const) {
    const number = asNumber(pick(fields, map[part]));
    if (number === undefined) continue;
    if (Number.isNaN(number)) return `${part} unreadable`;
    if (!NUMBERS[part](number, event.type)) return `${part} out of range`;
    event[part] = number;
  }
  return event.type === 'rating' && event.value === undefined ? 'value missing' : undefined;
}
