/** How much of what the household bought is what the campaign has coupons for. */

import { DAY } from '../../options.js';
import type { Campaign } from '../data/coupons.js';
import { type Family, type FamilyOf, linesBefore, type Moment } from './family.js';
import { add, addAll, cosine, type Level, levelsOf, norm, type Profile, profileOfCoupon, sum } from './profile.js';

/** What a purchase still counts after so many days is 1 / e. */
const MEMORY = 120;

/** A campaign at one level. */
interface Offered {
  profile: Profile;
  norm: number;
  /** Its coupons for each key of the level, by place. */
  coupons: Map<number, number[]>;
}

function offeredBy({ coupons }: Campaign, level: Level): Offered {
  const profile: Profile = new Map();
  const byKey = new Map<number, number[]>();
  for (const [place, products] of coupons.entries()) {
    const own = profileOfCoupon(products, level);
    addAll(profile, own);
    for (const key of own.keys()) {
      const list = byKey.get(key) ?? [];
      list.push(place);
      byKey.set(key, list);
    }
  }
  return { profile, norm: norm(profile), coupons: byKey };
}

export const affinityFeatures: FamilyOf = (data): Family => {
  const { campaigns, transactions } = data;
  const levels = levelsOf(data);
  const offered = campaigns.map((campaign) => levels.map((level) => offeredBy(campaign, level)));
  return {
    columns: levels.flatMap(({ name }) => [
      `log lines of its ${name}`,
      `share of lines of its ${name}`,
      `likeness by ${name}`,
      `coupons of a bought ${name}`,
    ]),
    of: ({ household, campaign, start }: Moment) => {
      const { start: from, end } = linesBefore(data, household, start);
      const count = campaigns[campaign]?.coupons.length ?? 0;
      return levels.flatMap((level, index) => {
        const its = offered[campaign]?.[index];
        const bought: Profile = new Map();
        for (let line = from; line < end; line++) {
          add(bought, level.of(transactions.products[line] ?? 0), Math.exp(((transactions.times[line] ?? 0) - start) / (MEMORY * DAY)));
        }
        if (!its || bought.size === 0) return [0, Number.NaN, Number.NaN, 0];
        const matching = new Set<number>();
        let hits = 0;
        for (const [key, weight] of bought) {
          const coupons = its.coupons.get(key);
          if (!coupons) continue;
          hits += weight;
          for (const coupon of coupons) matching.add(coupon);
        }
        return [Math.log1p(hits), hits / sum(bought), cosine(bought, its.profile, its.norm), matching.size / Math.max(1, count)];
      });
    },
  };
};
