/** What it costs to learn from one choice, on the thread that adds the event. */

import { native, type NativeRequest, SOURCES } from '../src/native.js';
import { machine } from './support/machine.js';
import { median, percentile, rounded } from './support/measure.js';
import type { Log, Report } from './support/question.js';
import { PLAIN } from './support/request.js';
import { generator } from './support/random.js';
import { makeRanker } from './support/ranker.js';

export const question = 'an event that says what was chosen of a list of 10: how long, and how much of it is learning?';

const ITEMS = 12_000;
const USERS = 500;
const DEPTH = 200;
const K = 10;
const ROUNDS = 8;
/** Choices a round. */
const CHOICES = 1000;

export async function run(log: Log): Promise<Report> {
  const { learning } = native();
  const random = generator(11);
  const core = native().createCore({ columns: [], typeWeights: [1], queueLimit: 100 });
  try {
    const ids = Array.from({ length: ITEMS }, (_, i) => `item-${i}`);
    core.putItems(
      ids,
      Float64Array.from(ids, (_, i) => i + 1),
      ids.map(() => []),
    );
    core.publish(
      learning.createModels({
        items: ITEMS,
        rules: null,
        factors: null,
        sequence: null,
        sessions: null,
        content: null,
        ranker: learning.rankerFromTensors(makeRanker(random, DEPTH)),
        popularity: Float32Array.from(ids, () => Math.ceil(random() * 50)),
        recent: null,
        returns: null,
        attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
        blend: { weight: SOURCES.map(() => 1), missing: SOURCES.map(() => 0) },
        excludeSeen: false,
      }),
    );
    let clock = 0;
    /** Microseconds an event of a round of choices, told with or without the list that each was made from. */
    const round = async (name: string, named: boolean): Promise<number> => {
      const chosen: string[] = [];
      for (let choice = 0; choice < CHOICES; choice++) {
        const user = `user-${choice % USERS}`;
        const request: NativeRequest = { ...PLAIN, requestId: `${name}-${choice}`, user, mode: 'recommend', k: K, candidates: 500 };
        const { ids: shown } = await core.request(request).promise;
        chosen.push(shown[Math.floor(random() * shown.length)] ?? '');
      }
      const started = process.hrtime.bigint();
      for (const [choice, item] of chosen.entries()) {
        clock += 1000;
        const times = Float64Array.of(clock);
        const lists = named ? [`${name}-${choice}`] : null;
        core.addEvents([`user-${choice % USERS}`], [item], new Uint16Array(1), Float32Array.of(1), times, lists);
      }
      return Number(process.hrtime.bigint() - started) / 1000 / CHOICES;
    };
    log('timing events with and without the list that they answer to ...');
    await round('warm', true);
    const taught: number[] = [];
    const plain: number[] = [];
    for (let at = 0; at < ROUNDS; at++) {
      plain.push(await round(`plain-${at}`, false));
      taught.push(await round(`named-${at}`, true));
    }
    const updates = taught.map((micros, at) => micros - (plain[at] ?? 0)).sort((a, b) => a - b);
    const { learned, missed } = core.feedback();
    return {
      updateMicros: rounded(median(updates)),
      updateMicrosWorst: rounded(percentile(updates, 1)),
      eventMicros: rounded(median(taught)),
      learned,
      missed,
      list: K,
      machine: machine([]),
    };
  } finally {
    core.close();
  }
}
