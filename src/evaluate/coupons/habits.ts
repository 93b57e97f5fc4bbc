/** What part of its purchases the household makes at a discount, by coupons, in the evening, of own brands, in which departments. */

import { type CouponData, UNKNOWN } from '../data/coupons.js';
import { type Family, type FamilyOf, linesBefore, type Moment, shrunk } from './family.js';

/** Lines of the usual shopper that are added to a household's own. */
const PRIOR = 10;
/** The same for coupons, which are rare. */
const COUPON_PRIOR = 20;
/** Departments with the most purchases that have a share of their own. */
const DEPARTMENTS = 8;

/** The shops stand in the east of the United States, the times are UTC. */
const LOCAL = -5 * 3_600_000;
const EVENING = 17;

const isEvening = (time: number): boolean => new Date(time + LOCAL).getUTCHours() >= EVENING;

/** Sums over some lines of baskets. */
interface Sums {
  lines: number;
  /** Lines of which it may be known whether a coupon was used. */
  told: number;
  coupons: number;
  discounted: number;
  off: number;
  spent: number;
  ownBrand: number;
  evening: number;
  departments: Map<number, number>;
}

const nothing = (): Sums => ({
  lines: 0,
  told: 0,
  coupons: 0,
  discounted: 0,
  off: 0,
  spent: 0,
  ownBrand: 0,
  evening: 0,
  departments: new Map(),
});

/** Adds lines start .. end to the sums. */
function addLines(sums: Sums, { transactions, products }: CouponData, start: number, end: number, known: number): void {
  for (let line = start; line < end; line++) {
    const product = transactions.products[line] ?? 0;
    const time = transactions.times[line] ?? 0;
    const department = products.levels.department[product] ?? UNKNOWN;
    sums.lines++;
    sums.off += transactions.shopDiscount[line] ?? 0;
    sums.spent += transactions.spent[line] ?? 0;
    sums.ownBrand += products.ownBrand[product] ?? 0;
    sums.departments.set(department, (sums.departments.get(department) ?? 0) + 1);
    if ((transactions.shopDiscount[line] ?? 0) > 0) sums.discounted++;
    if (isEvening(time)) sums.evening++;
    if (time >= known) continue;
    sums.told++;
    if ((transactions.couponDiscount[line] ?? 0) > 0) sums.coupons++;
  }
}

/** The sums of everybody before a moment. */
function everybody(data: CouponData, moment: number): Sums {
  const sums = nothing();
  for (let household = 0; household < data.households.length; household++) {
    const { start, end } = linesBefore(data, household, moment);
    addLines(sums, data, start, end, moment);
  }
  return sums;
}

export const habitFeatures: FamilyOf = (data, testFrom): Family => {
  const departments = [...everybody(data, testFrom).departments]
    .filter(([department]) => department !== UNKNOWN)
    .sort(([a, linesOfA], [b, linesOfB]) => linesOfB - linesOfA || a - b)
    .slice(0, DEPARTMENTS)
    .map(([department]) => department);
  const known = new Map<number, Sums>();
  /** What is usual, from before the moment too: a household is measured by others as they were known then. */
  const usualAt = (moment: number): Sums => {
    const found = known.get(moment) ?? everybody(data, moment);
    known.set(moment, found);
    return found;
  };
  const columns = [
    'log lines with a coupon',
    'share with a coupon',
    'share at a discount',
    'share discounted off',
    'share of own brands',
    'share in the evening',
    ...departments.map((department) => `share of department ${data.products.departments[department] ?? ''}`),
  ];
  return {
    columns,
    of: (moment: Moment) => {
      const own = nothing();
      const { start, end } = linesBefore(data, moment.household, moment.start);
      addLines(own, data, start, end, moment.known);
      const usual = usualAt(moment.known);
      // The records had not begun: nothing is usual, and nobody's absence from them says anything.
      if (usual.lines === 0) return columns.map(() => Number.NaN);
      const share = (part: (sums: Sums) => number, whole: (sums: Sums) => number = ({ lines }) => lines, strength = PRIOR): number =>
        shrunk(part(own), whole(own), part(usual) / Math.max(1, whole(usual)), strength);
      return [
        Math.log1p(own.coupons),
        share(
          ({ coupons }) => coupons,
          ({ told }) => told,
          COUPON_PRIOR,
        ),
        share(({ discounted }) => discounted),
        share(
          ({ off }) => off,
          ({ off, spent }) => off + spent,
          2 * PRIOR,
        ),
        share(({ ownBrand }) => ownBrand),
        share(({ evening }) => evening),
        ...departments.map((department) => share((sums) => sums.departments.get(department) ?? 0)),
      ];
    },
  };
};
