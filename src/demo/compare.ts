/** The demo's own evaluation: who guesses better what each shopper turns to next? */

import { groupByUser, type Interaction, type Interactions, Numbering } from '../evaluate/interactions.js';
import { type Evaluation, evaluate } from '../evaluate/run.js';
import { leaveOneOut } from '../evaluate/splits.js';
import type { TrainProgress } from '../learn/types.js';
import { DEFAULT_WEIGHTS, EVENT_TYPES } from '../shopper/events.js';
import type { DemoShop } from './shop.js';

/**
 * Each shopper's items in the order in which they found them; the last is held out. What was looked at, put in the cart and bought
 * is one interaction, as strong as the strongest of the three.
 */
export function discoveries(shop: DemoShop): Interactions {
  const users = new Numbering();
  const items = new Numbering();
  for (const item of shop.items) items.of(item.id);
  const found = new Map<string, Interaction>();
  for (const event of shop.events) {
    const type = EVENT_TYPES.find((known) => known === event.type) ?? 'view';
    const weight = DEFAULT_WEIGHTS[type];
    const key = `${event.user} ${event.item}`;
    const known = found.get(key);
    if (!known) {
      found.set(key, {
        user: users.of(event.user),
        row: items.of(event.item),
        type: EVENT_TYPES.indexOf(type),
        weight,
        at: event.at,
        basket: 0,
      });
    } else if (weight > known.weight) {
      known.weight = weight;
      known.type = EVENT_TYPES.indexOf(type);
    }
  }
  const { histories } = groupByUser([...found.values()], users.names.length);
  return { users: users.names, items: items.names, histories, baskets: undefined, anonymous: undefined, timed: true, rejected: {} };
}

export interface CompareOptions {
  seed: number;
  threads: number;
  /** Seconds. */
  budget: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: TrainProgress) => void;
}

/** Evaluates the whole pipeline and plain popularity on the same split (leave-one-out, seen items left out, nothing fitted again). */
export async function comparePopularity(shop: DemoShop, options: CompareOptions): Promise<{ engine: Evaluation; popularity: Evaluation }> {
  const split = leaveOneOut(discoveries(shop));
  const { seed, threads, budget, signal, onProgress } = options;
  const common = { seed, threads, budget, signal, excludeSeen: true, ks: [10] };
  const engine = await evaluate(split, { ...common, model: 'engine', ...(onProgress ? { onProgress } : {}) });
  return { engine, popularity: await evaluate(split, { ...common, model: 'popularity' }) };
}
