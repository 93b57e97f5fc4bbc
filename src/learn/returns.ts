/** How often an item is taken again by those who had it: some are bought once in a life, some every month. */

import { isPositive, NO_ROW } from './slice.js';
import type { NativeHistories } from '../native.js';

/** Chances that an item is credited with at the rate of all items: what few had says little of its own. */
const CREDITED = 30;

/**
 * By item, the share of chances that were taken: a chance is a moment of a shopper who had the item before, with a positive event of
 * any item; it is taken where one of them is of this item. Shrunk towards the rate of all items, above 0, at most 1.
 * @returns null where nobody ever took anything again, so that nothing can be told apart
 */
export function countReturns(items: number, histories: NativeHistories): Float32Array | null {
  const chances = new Float64Array(items);
  const taken = new Float64Array(items);
  /** Of the shopper at hand, by row: the moment of the first event, and of the last. */
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (let user = 0; user + 1 < histories.offsets.length; user++) {
    first.clear();
    last.clear();
    let moment = -1;
    let time = Number.NaN;
    for (let at = histories.offsets[user] ?? 0; at < (histories.offsets[user + 1] ?? 0); at++) {
      const row = histories.rows[at] ?? NO_ROW;
      if (row >= items || !isPositive(histories, at)) continue;
      if (moment < 0 || histories.times[at] !== time) moment++;
      time = histories.times[at] ?? Number.NaN;
      if (!first.has(row)) first.set(row, moment);
      else if (last.get(row) !== moment) taken[row] = (taken[row] ?? 0) + 1;
      last.set(row, moment);
    }
    for (const [row, begun] of first) chances[row] = (chances[row] ?? 0) + moment - begun;
  }
  const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
  const all = sum(taken);
  if (all === 0) return null;
  const usual = all / sum(chances);
  return Float32Array.from(taken, (count, row) => (count + CREDITED * usual) / ((chances[row] ?? 0) + CREDITED));
}
