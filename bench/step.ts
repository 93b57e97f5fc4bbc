/** One more event, and the next answer: what the kept keys and values of the sequence model are worth. */

import { defineCatalog, Engine, type ShopEvent } from '../src/index.js';
import { machine } from './support/machine.js';
import { median, percentile, rounded } from './support/measure.js';
import type { Log, Report } from './support/question.js';
import { generator } from './support/random.js';

export const question = 'one more event, then an answer, at 50 events of history: how long, and how long with the history read anew?';

const ITEMS = 2000;
const RING = 50;
const USERS = 1200;
const EVENTS = 50;
const K = 10;
const MINUTE = 60_000;
const WARM_UP = 200;

/** Every shopper walks a ring of items in order, now and then leaving one out: the order of events is what there is to learn. */
function* walk(user: number): Generator<string, never> {
  const random = generator(100 + user);
  const ring = Math.floor(random() * (ITEMS / RING));
  let at = Math.floor(random() * RING);
  for (;;) {
    yield `item-${ring * RING + at}`;
    at = (at + (random() < 0.8 ? 1 : 2)) % RING;
  }
}

export async function run(log: Log): Promise<Report> {
  const engine = await Engine.open(null, { catalog: defineCatalog({ fields: { ring: 'number' } }) });
  try {
    await engine.items.put(Array.from({ length: ITEMS }, (_, i) => ({ id: `item-${i}`, ring: Math.floor(i / RING) })));
    const start = Date.UTC(2026, 0, 1);
    const walks = Array.from({ length: USERS }, (_, user) => walk(user));
    const next = (user: number, step: number): ShopEvent => ({
      user: `user-${user}`,
      item: String(walks[user]?.next().value),
      type: 'view',
      at: start + (step * USERS + user) * MINUTE,
    });
    for (let step = 0; step < EVENTS; step++) await engine.events.add(Array.from({ length: USERS }, (_, user) => next(user, step)));
    log('training ...');
    const trained = await engine.train({ validation: 300, refit: false, budget: '1m' });
    if (!trained.sequence) throw new Error('The blend does without the sequence model: there is nothing to measure.');

    const once = async (user: number, step: number): Promise<number> => {
      const event = next(user, step);
      const began = performance.now();
      await engine.events.add(event);
      const { items } = await engine.recommend({ user: `user-${user}`, k: K });
      const micros = (performance.now() - began) * 1000;
      if (items.length !== K) throw new Error(`An answer has ${items.length} items.`);
      return micros;
    };
    log(`timing ${USERS} shoppers: their first answer, and the next one ...`);
    const anew: number[] = [];
    const kept: number[] = [];
    for (let user = 0; user < USERS; user++) {
      // Nobody asked for this shopper before: the whole history is read. One event later, one step is enough.
      const first = await once(user, EVENTS);
      const second = await once(user, EVENTS + 1);
      if (user < WARM_UP) continue;
      anew.push(first);
      kept.push(second);
    }
    const sorted = [...kept].sort((a, b) => a - b);
    return {
      stepMicros: rounded(median(kept)),
      ratios: { recompute: rounded(median(anew.map((micros, i) => micros / (kept[i] ?? Number.NaN)))) },
      recomputeMicros: rounded(median(anew)),
      p99Micros: rounded(percentile(sorted, 0.99)),
      weights: { ...trained.blend?.weights },
      sizes: { items: ITEMS, users: USERS, events: EVENTS, dim: trained.sequence.settings.dim ?? 0, k: K },
      machine: machine([]),
    };
  } finally {
    await engine.close();
  }
}
