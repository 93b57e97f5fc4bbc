/** How much and how often the household buys, whatever it is. */

import { DAY } from '../../options.js';
import { daysSince, type Family, type FamilyOf, linesBefore, type Moment } from './family.js';

const MONTH = 30 * DAY;
/** Days that are called recent. */
const RECENT = 60;

const COLUMNS = [
  'log lines a month',
  'log baskets a month',
  'log spent a month',
  'log lines a month, recent',
  'days since the last purchase',
  'log spent a line',
  'distinct types a line',
] as const;

export const activityFeatures: FamilyOf = (data): Family => {
  const { transactions, products } = data;
  const first = transactions.times.reduce((earliest, time) => Math.min(earliest, time), Number.POSITIVE_INFINITY);
  return {
    columns: COLUMNS,
    of: ({ household, start }: Moment) => {
      // Nobody's absence from records that did not exist yet says anything.
      if (start <= first) return COLUMNS.map(() => Number.NaN);
      // A month at least: a rate over a few days says nothing.
      const months = Math.max(start - first, MONTH) / MONTH;
      const { start: from, end } = linesBefore(data, household, start);
      const lines = end - from;
      const baskets = new Set(transactions.baskets.subarray(from, end));
      const types = new Set<number>();
      let spent = 0;
      let recent = 0;
      for (let line = from; line < end; line++) {
        types.add(products.levels.type[transactions.products[line] ?? 0] ?? 0);
        spent += transactions.spent[line] ?? 0;
        if ((transactions.times[line] ?? 0) >= start - RECENT * DAY) recent++;
      }
      return [
        Math.log1p(lines / months),
        Math.log1p(baskets.size / months),
        Math.log1p(spent / months),
        Math.log1p(recent / Math.min((RECENT * DAY) / MONTH, months)),
        daysSince(lines > 0 ? transactions.times[end - 1] : undefined, start),
        lines > 0 ? Math.log1p(Math.max(0, spent) / lines) : Number.NaN,
        lines > 0 ? types.size / lines : Number.NaN,
      ];
    },
  };
};
