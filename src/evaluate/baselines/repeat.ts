/** The baseline of shops where people buy the same again: what the customer bought, the latest first in weight. */

import type { NativeHistories } from '../../native.js';
import { DAY } from '../../options.js';
import { stretchOf } from '../interactions.js';
import type { Scorer } from '../ranks.js';
import { denseRanks } from './dense-ranks.js';

const HALF_LIFE = 90 * DAY;
const POPULAR_SPAN = 30 * DAY;

/** How often each item was taken in the last 30 days of the training data. */
function recentCounts(items: number, train: NativeHistories): Float64Array {
  let last = Number.NEGATIVE_INFINITY;
  for (const time of train.times) if (time > last) last = time;
  const counts = new Float64Array(items);
  for (const [event, row] of train.rows.entries())
    if ((train.times[event] ?? 0) > last - POPULAR_SPAN) counts[row] = (counts[row] ?? 0) + 1;
  return counts;
}

/**
 * Scores by the sum over the customer's purchases of an item of 2^(-age / 90 days), ties by the item's popularity in the last 30 days
 * of training.
 */
export function repeatScorer(train: NativeHistories, histories: NativeHistories, items: number): Scorer {
  const popularity = denseRanks(recentCounts(items, train));
  const { rows, times } = histories;
  return (index, scores) => {
    const { start, end } = stretchOf(histories, index);
    const newest = times[end - 1] ?? 0;
    const bought = new Map<number, number>();
    for (let event = start; event < end; event++) {
      const row = rows[event] ?? 0;
      // Ages are counted from the newest purchase: another zero would scale all sums alike.
      bought.set(row, (bought.get(row) ?? 0) + 2 ** (((times[event] ?? 0) - newest) / HALF_LIFE));
    }
    const ranks = denseRanks([...bought.values()]);
    // Whole numbers: the place among what was bought, and below it the place by popularity.
    scores.set(popularity);
    for (const [place, row] of [...bought.keys()].entries()) {
      scores[row] = ((ranks[place] ?? 0) + 1) * (items + 1) + (popularity[row] ?? 0);
    }
  };
}
