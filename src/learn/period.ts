/**
 * Lessons cut by time: where validation asks what everybody takes next from a moment on, so do the lessons, from earlier moments.
 * The last basket of every shopper is another question: it comes at any time, and asks those who never came back, too.
 */

import type { NativeHistories } from '../native.js';
import type { Goals } from './goals.js';
import { drawOf, gather, gatherCases, isGoal, lowestDraws, type Slice, type Target, targetsOf } from './slice.js';

/** When validation began, and how long it went on; milliseconds. */
export interface Period {
  from: number;
  length: number;
}

/** Moments that teach at most. More would be of another season, and leave less to the models that the lessons listen to. */
const MOST_MOMENTS = 3;
/** Share of the events that the models keep. */
const LEAST_KEPT = 1 / 2;

/** Moments before validation, a period apart, the earliest first; as many as leave enough before the first. */
function momentsOf(histories: NativeHistories, { from, length }: Period): number[] {
  const moments: number[] = [];
  let before = histories.times.length;
  for (let count = 1; count <= MOST_MOMENTS; count++) {
    const moment = from - count * length;
    before = histories.times.reduce((sum, time) => sum + Number(time < moment), 0);
    if (before < histories.times.length * LEAST_KEPT) break;
    moments.unshift(moment);
  }
  return moments;
}

/**
 * What came before the moment that is a period before validation: models of it are as old to the cases of validation as those that are
 * served will be; null where less than half of the events did.
 */
export function periodEarlier(histories: NativeHistories, { from, length }: Period): NativeHistories | null {
  const users = Array.from({ length: histories.offsets.length - 1 }, (_, user) => user);
  const spans = users.map((user) => {
    const begin = histories.offsets[user] ?? 0;
    return { from: begin, to: firstFrom(histories, begin, histories.offsets[user + 1] ?? 0, from - length) };
  });
  const kept = gather(histories, spans);
  return kept.rows.length < histories.rows.length * LEAST_KEPT ? null : kept;
}

/** The first event of [from, to) that is not before a moment. */
function firstFrom({ times }: NativeHistories, from: number, to: number, moment: number): number {
  let at = from;
  while (at < to && (times[at] ?? 0) < moment) at++;
  return at;
}

/**
 * Cuts at moments before a period, each as long before the next as the period is long. A case is a shopper who did something before a
 * moment and takes something up to the next one: what they take first, with all that came with it. Training ends at the first moment,
 * so that what later cases were never taught is older the later they are, as it is for requests.
 * @param limit most cases, drawn by seed
 * @param goals what is asked for; absent: whatever speaks for an item
 */
export function sliceMoments(histories: NativeHistories, period: Period, limit: number, seed: number, goals?: Goals): Slice {
  const moments = momentsOf(histories, period);
  const [first] = moments;
  if (first === undefined || limit <= 0) return { train: histories, validation: null };
  const users = histories.offsets.length - 1;
  const cases: { from: number; cut: number; targets: Target[]; draw: number }[] = [];
  const spans: { from: number; to: number }[] = [];
  for (let user = 0; user < users; user++) {
    const from = histories.offsets[user] ?? 0;
    const to = histories.offsets[user + 1] ?? 0;
    spans.push({ from, to: firstFrom(histories, from, to, first) });
    for (const moment of moments) {
      const cut = firstFrom(histories, from, to, moment);
      const end = firstFrom(histories, from, to, moment + period.length);
      if (cut === from) continue;
      let basket = cut;
      while (basket < end && !isGoal(histories, basket, goals)) basket++;
      if (basket < end) cases.push({ from, cut, targets: targetsOf(histories, basket, end, goals), draw: drawOf(seed, cases.length) });
    }
  }
  if (cases.length === 0) return { train: histories, validation: null };
  return { train: gather(histories, spans), validation: gatherCases(histories, lowestDraws(cases, limit)) };
}
