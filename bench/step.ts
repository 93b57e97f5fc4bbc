/** One more event, and the next answer: what the kept keys and values of the sequence model are worth. */

import { native, type NativeRequest, SOURCES } from '../src/native.js';
import { machine } from './support/machine.js';
import { median, percentile, rounded } from './support/measure.js';
import type { Log, Report } from './support/question.js';
import { PLAIN } from './support/request.js';
import { generator } from './support/random.js';

export const question = 'one more event, then an answer, at 50 events of history: how long, and how long with the history read anew?';

const ITEMS = 2000;
const RING = 50;
const USERS = 1200;
const EVENTS = 50;
const K = 10;
const CANDIDATES = 500;
const MINUTE = 60_000;
const WARM_UP = 200;
/** Every source but sessions counts: what a blend chooses depends on the shop, and the sequence model is what is asked about. */
const WEIGHTS: Readonly<Record<string, number>> = { rules: 0.3, factors: 0.1, attention: 0.3, popularity: 0.01, sequence: 1 };
const SEQUENCE_BUDGET = 40;

/** Every shopper walks a ring of items in order, now and then leaving one out. */
function* walk(user: number): Generator<string, never> {
  const random = generator(100 + user);
  const ring = Math.floor(random() * (ITEMS / RING));
  let at = Math.floor(random() * RING);
  for (;;) {
    yield `item-${ring * RING + at}`;
    at = (at + (random() < 0.8 ? 1 : 2)) % RING;
  }
}

function requestOf(user: string): NativeRequest {
  return { ...PLAIN, user, mode: 'recommend', k: K, candidates: CANDIDATES };
}

export async function run(log: Log): Promise<Report> {
  const { learning } = native();
  const core = native().createCore({ columns: [], typeWeights: [1], queueLimit: 100 });
  try {
    const ids = Array.from({ length: ITEMS }, (_, i) => `item-${i}`);
    core.putItems(
      ids,
      Float64Array.from(ids, (_, i) => i + 1),
      ids.map(() => []),
    );
    const walks = Array.from({ length: USERS }, (_, user) => walk(user));
    const add = (users: readonly number[], step: number): number =>
      core.addEvents(
        users.map((user) => `user-${user}`),
        users.map((user) => String(walks[user]?.next().value)),
        new Uint16Array(users.length),
        new Float32Array(users.length).fill(1),
        Float64Array.from(users, (user) => (step * USERS + user) * MINUTE),
      );
    const everybody = Array.from({ length: USERS }, (_, user) => user);
    for (let step = 0; step < EVENTS; step++) add(everybody, step);

    log('training ...');
    const data = learning.createDataset(ITEMS, core.exportHistories(), null);
    const options = { seed: 1, threads: 1, excludeSeen: true };
    const { rules } = await learning.learnRules(data, { ...options, sequential: true }).promise;
    const { factors } = await learning.learnFactors(data, { ...options, maxDim: 64, budget: 0 }).promise;
    const { sequence, settings } = await learning.learnSequence(data, {}, { ...options, budget: SEQUENCE_BUDGET, checkpoint: null })
      .promise;
    core.publish(
      learning.createModels({
        items: ITEMS,
        rules,
        factors,
        sequence,
        sessions: null,
        content: null,
        ranker: null,
        recent: null,
        returns: null,
        popularity: new Float32Array(ITEMS).fill(1),
        attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
        blend: { weight: SOURCES.map((source) => WEIGHTS[source] ?? 0), missing: SOURCES.map(() => 0) },
        excludeSeen: true,
      }),
    );

    const once = async (user: number, step: number): Promise<number> => {
      const began = performance.now();
      add([user], step);
      const { ids: found } = await core.request(requestOf(`user-${user}`)).promise;
      const micros = (performance.now() - began) * 1000;
      if (found.length !== K) throw new Error(`An answer has ${found.length} items.`);
      return micros;
    };
    log(`timing ${USERS} shoppers: their first answer, and the next one ...`);
    const anew: number[] = [];
    const kept: number[] = [];
    for (const user of everybody) {
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
      sizes: { items: ITEMS, users: USERS, events: EVENTS, dim: settings.dim ?? 0, candidates: CANDIDATES, k: K },
      machine: machine([]),
    };
  } finally {
    core.close();
  }
}
