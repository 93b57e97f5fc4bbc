/**
 * The validation slice of a training run: the last basket of some shoppers is held out, and the settings that predict
 * it best from what came before are the ones to use.
 */

import type { NativeCases, NativeHistories } from '../native.js';
import { DAY } from '../options.js';
import { gainOf, type Goals } from './goals.js';

export const NO_ROW = 0xffffffff;
/** Fewer positive events than this teach little before the held-out ones. */
const MIN_POSITIVES = 3;

export interface Slice {
  train: NativeHistories;
  validation: NativeCases | null;
}

/** Where a shopper's history is cut: events from `cut` on are the future; null when it is too short to cut. */
function cutOf(histories: NativeHistories, from: number, to: number, goals?: Goals): number | null {
  let last = -1;
  let positives = 0;
  let before = 0;
  for (let at = from; at < to; at++) {
    if (!isPositive(histories, at)) continue;
    positives++;
    if (!isGoal(histories, at, goals)) continue;
    last = at;
    before = positives;
  }
  if (before < MIN_POSITIVES) return null;
  // Events of one moment are one basket, unless the whole history is (times unknown): then its last event stands alone.
  let cut = last;
  while (cut > from && histories.times[cut - 1] === histories.times[last]) cut--;
  for (let at = from; at < cut; at++) if (isPositive(histories, at)) return cut;
  return last;
}

export function isPositive(histories: NativeHistories, at: number): boolean {
  return (histories.weights[at] ?? 0) > 0 && histories.rows[at] !== NO_ROW;
}

function goalOf(histories: NativeHistories, at: number, goals: Goals | undefined): number {
  return histories.rows[at] === NO_ROW ? 0 : gainOf(goals, histories.types[at] ?? 0, histories.weights[at] ?? 0);
}

export function isGoal(histories: NativeHistories, at: number, goals: Goals | undefined): boolean {
  return goalOf(histories, at, goals) > 0;
}

/** Copies the events [from, to) of each chosen user, one user after the other. */
export function gather(histories: NativeHistories, spans: readonly { from: number; to: number }[]): NativeHistories {
  const offsets = new Float64Array(spans.length + 1);
  for (const [index, { from, to }] of spans.entries()) offsets[index + 1] = (offsets[index] ?? 0) + (to - from);
  const total = offsets[spans.length] ?? 0;
  const gathered: NativeHistories = {
    offsets,
    rows: new Uint32Array(total),
    types: new Uint16Array(total),
    weights: new Float32Array(total),
    times: new Float64Array(total),
  };
  for (const [index, { from, to }] of spans.entries()) {
    const at = offsets[index] ?? 0;
    gathered.rows.set(histories.rows.subarray(from, to), at);
    gathered.types.set(histories.types.subarray(from, to), at);
    gathered.weights.set(histories.weights.subarray(from, to), at);
    gathered.times.set(histories.times.subarray(from, to), at);
  }
  return gathered;
}

/** A shopper's draw: a hash of seed and row (the finaliser of MurmurHash3), from 0 to 2^32 - 1. */
export function drawOf(seed: number, user: number): number {
  let hash = Math.imul(user + 1, 0x9e3779b9) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** An item that is asked for, and what it counts. */
export type Target = readonly [row: number, weight: number];

/** The distinct items of the basket that begins at `cut`, each with the highest goal that it reached there. */
export function targetsOf(histories: NativeHistories, cut: number, to: number, goals: Goals | undefined): Target[] {
  const targets = new Map<number, number>();
  for (let at = cut; at < to && histories.times[at] === histories.times[cut]; at++) {
    const row = histories.rows[at];
    const gain = goalOf(histories, at, goals);
    if (row !== undefined && gain > 0) targets.set(row, Math.max(gain, targets.get(row) ?? 0));
  }
  return [...targets];
}

/** Cases of histories [from, cut), one after the other. */
export function gatherCases(
  histories: NativeHistories,
  cases: readonly { from: number; cut: number; targets: readonly Target[] }[],
): NativeCases {
  const targetOffsets = new Float64Array(cases.length + 1);
  for (const [index, { targets }] of cases.entries()) targetOffsets[index + 1] = (targetOffsets[index] ?? 0) + targets.length;
  const all = cases.flatMap(({ targets }) => targets);
  return {
    histories: gather(
      histories,
      cases.map(({ from, cut }) => ({ from, to: cut })),
    ),
    targetOffsets,
    targets: Uint32Array.from(all, ([row]) => row),
    weights: Float32Array.from(all, ([, weight]) => weight),
  };
}

/** At most `limit` of what was drawn, in their order: the lowest draws win, so that one's chance does not hang on who else is there. */
export function lowestDraws<T extends { draw: number }>(drawn: readonly T[], limit: number): readonly T[] {
  if (drawn.length <= limit) return drawn;
  const order = [...drawn.keys()].sort((a, b) => (drawn[a]?.draw ?? 0) - (drawn[b]?.draw ?? 0) || a - b);
  const kept = new Set(order.slice(0, limit));
  return drawn.filter((_, index) => kept.has(index));
}

/**
 * Cuts the last item of each of at most `limit` shoppers, as validation that asks for single items does: what came with
 * it at the same moment stays.
 * @param lag whether the item before it is kept from training, too, as what shoppers do between two trainings is: input
 * of the cases, and taught nowhere
 * @param goals what is asked for; absent: whatever speaks for an item
 */
export function sliceItems(histories: NativeHistories, limit: number, seed: number, lag: boolean, goals?: Goals): Slice {
  const lastItem = (from: number, to: number, wanted: Goals | undefined): number | null => {
    let last = to - 1;
    while (last >= from && !isGoal(histories, last, wanted)) last--;
    return last > from && cutOf(histories, from, to, wanted) !== null ? last : null;
  };
  return slice(histories, limit, seed, lastItem, lag, goals);
}

/**
 * Cuts the last basket of at most `limit` shoppers, drawn by seed, among those with at least three positive events.
 * Everything of a drawn shopper from that basket on is kept from training.
 * @param lag whether the basket before it is, too; see sliceItems
 * @param goals what is asked for: the last basket that has any of it is cut; absent: whatever speaks for an item
 */
export function sliceHistories(histories: NativeHistories, limit: number, seed: number, lag = false, goals?: Goals): Slice {
  return slice(histories, limit, seed, (from, to, wanted) => cutOf(histories, from, to, wanted), lag, goals);
}

function slice(
  histories: NativeHistories,
  limit: number,
  seed: number,
  cutAt: (from: number, to: number, wanted: Goals | undefined) => number | null,
  lag: boolean,
  goals: Goals | undefined,
): Slice {
  const users = histories.offsets.length - 1;
  const all: { user: number; cut: number; draw: number }[] = [];
  for (let user = 0; user < users && limit > 0; user++) {
    const cut = cutAt(histories.offsets[user] ?? 0, histories.offsets[user + 1] ?? 0, goals);
    if (cut !== null) all.push({ user, cut, draw: drawOf(seed, user) });
  }
  const drawn = lowestDraws(all, limit);
  if (drawn.length === 0) return { train: histories, validation: null };
  const cuts = new Map(drawn.map(({ user, cut }) => [user, cut]));
  // What came since training is input, and was never taught; whatever it was, it is not waited for until the last goal.
  const heldFrom = (user: number): number | undefined => {
    const cut = cuts.get(user);
    if (!lag || cut === undefined) return cut;
    return cutAt(histories.offsets[user] ?? 0, cut, undefined) ?? cut;
  };
  const train = gather(
    histories,
    Array.from({ length: users }, (_, user) => ({
      from: histories.offsets[user] ?? 0,
      to: heldFrom(user) ?? histories.offsets[user + 1] ?? 0,
    })),
  );
  const cases = drawn.map(({ user, cut }) => ({
    from: histories.offsets[user] ?? 0,
    cut,
    targets: targetsOf(histories, cut, histories.offsets[user + 1] ?? 0, goals),
  }));
  return { train, validation: gatherCases(histories, cases) };
}

/** The time of the first event of a user that a slice's `train` has not kept of `histories`; null where it kept all. */
export function heldFrom(histories: NativeHistories, train: NativeHistories, user: number): number | null {
  const from = histories.offsets[user] ?? 0;
  const first = from + (train.offsets[user + 1] ?? 0) - (train.offsets[user] ?? 0);
  return first < (histories.offsets[user + 1] ?? 0) ? (histories.times[first] ?? null) : null;
}

/** Whether anybody did something with an item, and after it something that speaks for one. */
export function hasSequences(histories: NativeHistories): boolean {
  for (let user = 0; user + 1 < histories.offsets.length; user++) {
    let before = false;
    for (let at = histories.offsets[user] ?? 0; at < (histories.offsets[user + 1] ?? 0); at++) {
      if (before && isPositive(histories, at)) return true;
      before ||= histories.rows[at] !== NO_ROW;
    }
  }
  return false;
}

/** Share of the targets that their own history holds already, 0 to 1. */
export function repeatShare(cases: NativeCases): number {
  let repeats = 0;
  for (let index = 0; index + 1 < cases.targetOffsets.length; index++) {
    const seen = new Set<number>();
    for (let at = cases.histories.offsets[index] ?? 0; at < (cases.histories.offsets[index + 1] ?? 0); at++) {
      const row = cases.histories.rows[at];
      if (row !== undefined && isPositive(cases.histories, at)) seen.add(row);
    }
    for (const target of cases.targets.subarray(cases.targetOffsets[index], cases.targetOffsets[index + 1]))
      if (seen.has(target)) repeats++;
  }
  return cases.targets.length === 0 ? 0 : repeats / cases.targets.length;
}

/**
 * Weighted count of the positive events of each item.
 * @param days only of so many days before the last event; default: of all time
 */
export function countPopularity(items: number, histories: NativeHistories, days = Number.POSITIVE_INFINITY): Float32Array {
  const counts = new Float64Array(items);
  let newest = Number.NEGATIVE_INFINITY;
  for (const time of histories.times) if (time > newest) newest = time;
  for (let at = 0; at < histories.rows.length; at++) {
    const row = histories.rows[at];
    const recent = !(newest - (histories.times[at] ?? 0) > days * DAY);
    if (recent && row !== undefined && row < items && isPositive(histories, at))
      counts[row] = (counts[row] ?? 0) + (histories.weights[at] ?? 0);
  }
  return Float32Array.from(counts);
}
