/** What the ranker is taught to foretell: which events, and what each counts. */

import { number, record, refuse } from '../options.js';
import type { EventTypeTable } from '../shopper/event-types.js';

/** Weights of event types by their native index, above 0; absent: the weight of every event that speaks for its item. */
export type Goals = ReadonlyMap<number, number>;

const MAX_WEIGHT = 100;

/** What an event counts; 0 where it is no goal, or speaks against its item. `weight` is its own, as histories have it. */
export function gainOf(goals: Goals | undefined, type: number, weight: number): number {
  return weight > 0 ? (goals ? (goals.get(type) ?? 0) : weight) : 0;
}

/**
 * Checks goals: names of event types that speak for an item, each with a weight above 0.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT naming `goals.purchase` and so on
 */
export function checkGoals(value: unknown, types: EventTypeTable): Goals {
  const given = Object.entries(record('goals', value));
  if (given.length === 0) refuse('goals', 'at least one event type, such as { purchase: 1 }', value);
  return new Map(
    given.map(([name, weight]) => {
      const type = types.index('goals', name);
      if (!(types.weight(type) > 0)) refuse(`goals.${name}`, 'an event type that speaks for an item, its own weight above 0', name);
      return [type, number(`goals.${name}`, weight, Number.MIN_VALUE, MAX_WEIGHT)];
    }),
  );
}
