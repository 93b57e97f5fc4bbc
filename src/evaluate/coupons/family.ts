/** A family of features: what one side of the data says of a household and a campaign at the moment the campaign starts. */

import { DAY } from '../../options.js';
import type { CouponData } from '../data/coupons.js';

/** Who is offered what, and what may be known of it. */
export interface Moment {
  household: number;
  campaign: number;
  /** The campaign starts: purchases and campaigns before it are known, nothing from it on. */
  start: number;
  /** Redemptions, and discounts by coupons, are known before this moment alone; it is not after `start`. */
  known: number;
}

export interface Family {
  columns: readonly string[];
  /** A value for each column, NaN where there is none. */
  of: (moment: Moment) => readonly number[];
}

/** @param testFrom where a family chooses its columns, or a mean to go by, from the data, it looks at what is before this alone. */
export type FamilyOf = (data: CouponData, testFrom: number) => Family;

/** Lines of baskets of a household before a moment: start .. end. */
export function linesBefore({ transactions }: CouponData, household: number, moment: number): { start: number; end: number } {
  const start = transactions.offsets[household] ?? 0;
  let end = transactions.offsets[household + 1] ?? 0;
  while (end > start && (transactions.times[end - 1] ?? 0) >= moment) end--;
  return { start, end };
}

/** Days from a time to a moment; NaN where there was no such time. */
export const daysSince = (time: number | undefined, moment: number): number => (time === undefined ? Number.NaN : (moment - time) / DAY);

/** A share of which few cases say little: so many cases of the usual share are added. */
export const shrunk = (part: number, whole: number, usual: number, strength: number): number =>
  (part + usual * strength) / (whole + strength);
