/** The time of one request at a time, in the process that asks. */

import { defineCatalog, Engine, type ShopEvent } from '../src/index.js';
import { machine } from './support/machine.js';
import { median, percentile, rounded } from './support/measure.js';
import type { Log, Report } from './support/question.js';
import { generator } from './support/random.js';

export const question =
  'recommend with 12,000 items, 50 events of history, 500 candidates, k 20, one request at a time: how long does it take?';

const ITEMS = 12_000;
const TASTES = 240;
const USERS = 2000;
const EVENTS = 50;
const CANDIDATES = 500;
const K = 20;
const WARM_UP = 500;
const REQUESTS = 4000;
/** A calibration stands before every so many requests. */
const CALIBRATE_EVERY = 100;
const CALIBRATION_STEPS = 1_000_000;

const MINUTE = 60_000;
const TYPES = ['view', 'view', 'view', 'cart', 'purchase'] as const;

/** Shoppers of a few tastes each; within a taste a few items get most of the events. */
function makeEvents(): ShopEvent[] {
  const random = generator(3);
  const below = (n: number): number => Math.floor(random() * n);
  const perTaste = ITEMS / TASTES;
  const start = Date.UTC(2026, 0, 1);
  const events: ShopEvent[] = [];
  for (let user = 0; user < USERS; user++) {
    const tastes = Array.from({ length: 3 }, () => below(TASTES));
    for (let e = 0; e < EVENTS; e++) {
      const taste = random() < 0.9 ? (tastes[below(tastes.length)] ?? 0) : below(TASTES);
      const item = taste * perTaste + Math.floor(perTaste * random() ** 2);
      const type = TYPES[below(TYPES.length)] ?? 'view';
      events.push({ user: `user-${user}`, item: `item-${item}`, type, at: start + (e * USERS + user) * MINUTE });
    }
  }
  return events;
}

/** Microseconds of one chain of multiplications and additions modulo 2^32, which neither SIMD nor memory can change. */
function calibrate(): number {
  const start = performance.now();
  let state = 1;
  for (let i = 0; i < CALIBRATION_STEPS; i++) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  const micros = (performance.now() - start) * 1000;
  // The result is used, or the loop could be left out.
  return state === 0 ? Number.NaN : micros;
}

export async function run(log: Log): Promise<Report> {
  const engine = await Engine.open(null, { catalog: defineCatalog({ fields: { taste: 'number' } }) });
  try {
    const perTaste = ITEMS / TASTES;
    await engine.items.put(Array.from({ length: ITEMS }, (_, i) => ({ id: `item-${i}`, taste: Math.floor(i / perTaste) })));
    const events = makeEvents();
    for (let at = 0; at < events.length; at += 5000) await engine.events.add(events.slice(at, at + 5000));
    log(`training on ${events.length} events ...`);
    const { seconds } = await engine.train({ validation: 200, refit: false, budget: '1m' });

    const ask = (i: number) => engine.recommend({ user: `user-${(i * 1337) % USERS}`, k: K, candidates: CANDIDATES });
    for (let i = 0; i < WARM_UP; i++) {
      const { items } = await ask(i);
      if (items.length !== K) throw new Error(`A request was answered with ${items.length} items.`);
    }
    log(`timing ${REQUESTS} requests, one at a time ...`);
    const calibrations: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      if (i % CALIBRATE_EVERY === 0) calibrations.push(calibrate());
      const start = performance.now();
      await ask(WARM_UP + i);
      times.push((performance.now() - start) * 1000);
    }
    times.sort((a, b) => a - b);
    return {
      'recommend@12k': {
        p50: rounded(percentile(times, 0.5)),
        p90: rounded(percentile(times, 0.9)),
        p99: rounded(percentile(times, 0.99)),
      },
      calibration: rounded(median(calibrations)),
      sizes: {
        items: ITEMS,
        users: USERS,
        eventsPerUser: EVENTS,
        candidates: CANDIDATES,
        k: K,
        requests: REQUESTS,
        calibrationSteps: CALIBRATION_STEPS,
      },
      trainSeconds: rounded(seconds),
      machine: machine([]),
    };
  } finally {
    await engine.close();
  }
}
