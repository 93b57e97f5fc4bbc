/** What a shopper is looking for now: the last events, faded by age, spread over the values that their items have. */

import type { FieldValue, Schema } from '../catalog/schema.js';
import type { HistoryEvent } from './events.js';

/** Of a field of categories, tags or booleans: how the shopper's attention spreads over its values, most first. */
export interface ValueInterest {
  kind: 'values';
  /** Shares of all that had a value; of tags each gets its part. At most 10, which sum to 1 where no more are known. */
  values: { value: string | boolean; share: number }[];
}

/** Of a field of numbers: the band in which the shopper moves, as weighted quantiles .1, .5 and .9. */
export interface BandInterest {
  kind: 'band';
  low: number;
  middle: number;
  high: number;
}

export type Interest = ValueInterest | BandInterest;
/** By field; fields that no recent item has are left out. */
export type Interests = Record<string, Interest>;

/** Weight of an event: its own x DECAY^(age in events). */
const DECAY = 0.8;
/** Older events say nothing any more: .8^50 is a hundred-thousandth. */
const MOST_EVENTS = 50;
const MOST_VALUES = 10;

interface Weighed {
  weight: number;
  fields: Readonly<Record<string, FieldValue>>;
}

/** The items of the last positive events and what each counts, newest first; `fieldsOf` is null for an item that is gone. */
function weigh(events: readonly HistoryEvent[], fieldsOf: (id: string) => Readonly<Record<string, FieldValue>> | undefined): Weighed[] {
  const weighed: Weighed[] = [];
  let faded = 1;
  for (const { item, weight } of recentEvents(events)) {
    const fields = fieldsOf(item);
    if (fields) weighed.push({ weight: weight * faded, fields });
    faded *= DECAY;
  }
  return weighed;
}

/** The last events that speak for an item, newest first: those that interests are read from. */
export function recentEvents(events: readonly HistoryEvent[]): { item: string; weight: number }[] {
  return events
    .filter((event): event is HistoryEvent & { item: string } => event.item !== null && event.weight > 0)
    .slice(-MOST_EVENTS)
    .reverse();
}

function valueInterest(values: readonly { weight: number; value: FieldValue }[]): ValueInterest | null {
  const weights = new Map<string | boolean, number>();
  let total = 0;
  for (const { weight, value } of values) {
    const all = Array.isArray(value) ? value : [value];
    if (all.length > 0) total += weight;
    for (const one of all) {
      if (typeof one === 'string' || typeof one === 'boolean') weights.set(one, (weights.get(one) ?? 0) + weight / all.length);
    }
  }
  if (total === 0) return null;
  const shares = [...weights].map(([value, weight]) => ({ value, share: weight / total }));
  // Equal shares keep the order of the events: the newest first.
  return { kind: 'values', values: shares.sort((a, b) => b.share - a.share).slice(0, MOST_VALUES) };
}

/** The least value at or below which `share` of the weight lies. */
function quantile(sorted: readonly { weight: number; value: number }[], total: number, share: number): number {
  let below = 0;
  for (const { weight, value } of sorted) {
    below += weight;
    if (below >= share * total) return value;
  }
  return sorted.at(-1)?.value ?? Number.NaN;
}

function bandInterest(values: readonly { weight: number; value: FieldValue }[]): BandInterest | null {
  const numbers = values.flatMap(({ weight, value }) => (typeof value === 'number' ? [{ weight, value }] : []));
  if (numbers.length === 0) return null;
  const sorted = numbers.sort((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  return {
    kind: 'band',
    low: quantile(sorted, total, 0.1),
    middle: quantile(sorted, total, 0.5),
    high: quantile(sorted, total, 0.9),
  };
}

/** Interests by field of the catalogue; text and vectors have none. */
export function interestsOf(
  schema: Schema,
  events: readonly HistoryEvent[],
  fieldsOf: (id: string) => Readonly<Record<string, FieldValue>> | undefined,
): Interests {
  const weighed = weigh(events, fieldsOf);
  const interests: Interests = {};
  for (const { name, kind } of schema.fields.values()) {
    if (kind === 'text' || kind === 'vector') continue;
    const values = weighed.flatMap(({ weight, fields }) => {
      const value = fields[name];
      return value === undefined ? [] : [{ weight, value }];
    });
    const interest = kind === 'number' ? bandInterest(values) : valueInterest(values);
    if (interest) interests[name] = interest;
  }
  return interests;
}
