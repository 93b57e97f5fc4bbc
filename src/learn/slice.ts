/**
 * The validation slice of a training run: the last basket of some shoppers is held out, and the settings that predict
 * it best from what came before are the ones to use.
 */

import type { NativeCases, NativeHistories } from '../native.js';
import { DAY } from '../options.js';

export const NO_ROW = 0xffffffff;
/** Fewer positive events than this teach little before the held-out ones. */
const MIN_POSITIVES = 3;

export interface Slice {
  train: NativeHistories;
  validation: NativeCases | null;
}

/** Where a shopper's history is cut: events from `cut` on are the future; null when it is too short to cut. */
function cutOf(histories: NativeHistories, from: number, to: number): number | null {
  let last = -1;
  let positives = 0;
  for (let at = from; at < to; at++) {
    if (!isPositive(histories, at)) continue;
    last = at;
    positives++;
  }
  if (positives < MIN_POSITIVES) return null;
  // Events of one moment are one basket, unless the whole history is (times unknown): then its last event stands alone.
  let cut = last;
  while (cut > from && histories.times[cut - 1] === histories.times[last]) cut--;
  for (let at = from; at < cut; at++) if (isPositive(histories, at)) return cut;
  return last;
}

export function isPositive(histories: NativeHistories, at: number): boolean {
  return (histories.weights[at] ?? 0) > 0 && histories.rows[at] !== NO_ROW;
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

/** The distinct items of the basket that begins at `cut`, of its events that are wanted. */
export function targetsOf(
  histories: NativeHistories,
  cut: number,
  to: number,
  wanted = (at: number): boolean => isPositive(histories, at),
): number[] {
  const targets = new Set<number>();
  for (let at = cut; at < to && histories.times[at] === histories.times[cut]; at++) {
    const row = histories.rows[at];
    if (row !== undefined && wanted(at)) targets.add(row);
  }
  return [...targets];
}

/** Cases of histories [from, cut), one after the other. */
export function gatherCases(
  histories: NativeHistories,
  cases: readonly { from: number; cut: number; targets: readonly number[] }[],
): NativeCases {
  const targetOffsets = new Float64Array(cases.length + 1);
  for (const [index, { targets }] of cases.entries()) targetOffsets[index + 1] = (targetOffsets[index] ?? 0) + targets.length;
  return {
    histories: gather(
      histories,
      cases.map(({ from, cut }) => ({ from, to: cut })),
    ),
    targetOffsets,
    targets: Uint32Array.from(cases.flatMap(({ targets }) => targets)),
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
 */
export function sliceItems(histories: NativeHistories, limit: number, seed: number, lag: boolean): Slice {
  const lastItem = (from: number, to: number): number | null => {
    let last = to - 1;
    while (last >= from && !isPositive(histories, last)) last--;
    return last > from && cutOf(histories, from, to) !== null ? last : null;
  };
  return slice(histories, limit, seed, lastItem, lag);
}

/**
 * Cuts the last basket of at most `limit` shoppers, drawn by seed, among those with at least three positive events.
 * Everything of a drawn shopper from that basket on is kept from training.
 * @param lag whether the basket before it is, too; see sliceItems
 */
export function sliceHistories(histories: NativeHistories, limit: number, seed: number, lag = false): Slice {
  return slice(histories, limit, seed, (from, to) => cutOf(histories, from, to), lag);
}

function slice(
  histories: NativeHistories,
  limit: number,
  seed: number,
  cutAt: (from: number, to: number) => number | null,
  lag: boolean,
): Slice {
  const users = histories.offsets.length - 1;
  const all: { user: number; cut: number; draw: number }[] = [];
  for (let user = 0; user < users && limit > 0; user++) {
    const cut = cutAt(histories.offsets[user] ?? 0, histories.offsets[user + 1] ?? 0);
    if (cut !== null) all.push({ user, cut, draw: drawOf(seed, user) });
  }
  const drawn = lowestDraws(all, limit);
  if (drawn.length === 0) return { train: histories, validation: null };
  const cuts = new Map(drawn.map(({ user, cut }) => [user, cut]));
  // What came since training is input, and was never taught.
  const heldFrom = (user: number): number | undefined => {
    const cut = cuts.get(user);
    if (!lag || cut === undefined) return cut;
    return cutAt(histories.offsets[user] ?? 0, cut) ?? cut;
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
    targets: targetsOf(histories, cut, histories.offsets[user + 1] ?? 0),
  }));
  return { train, validation: gatherCases(histories, cases) };
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
