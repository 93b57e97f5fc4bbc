/** How much what the campaign has coupons for is like what the household redeemed coupons for before. */

import type { Family, FamilyOf, Moment } from './family.js';
import { addAll, cosine, levelsOf, norm, type Profile, profileOfCoupon } from './profile.js';

const NOTHING: Profile = new Map();

export const redeemedFeatures: FamilyOf = (data): Family => {
  const { campaigns, redemptions, households } = data;
  // Single products are left out: coupons of two campaigns are for the same kind of thing, seldom for the same things.
  const levels = levelsOf(data).slice(0, -1);
  const coupons = campaigns.map(({ coupons: lists }) => lists.map((products) => levels.map((level) => profileOfCoupon(products, level))));
  const offered = coupons.map((lists) =>
    levels.map((_, index) => {
      const profile: Profile = new Map();
      for (const own of lists) addAll(profile, own[index] ?? NOTHING);
      return { profile, norm: norm(profile) };
    }),
  );
  const redeemed = households.map((): { at: number; profiles: readonly Profile[] }[] => []);
  for (const { household, campaign, coupon, at } of redemptions)
    redeemed[household]?.push({ at, profiles: coupons[campaign]?.[coupon] ?? [] });
  return {
    columns: levels.map(({ name }) => `likeness to redeemed by ${name}`),
    of: ({ household, campaign, known }: Moment) => {
      const own = (redeemed[household] ?? []).filter(({ at }) => at < known);
      return levels.map((_, index) => {
        const its = offered[campaign]?.[index];
        if (!its || own.length === 0) return Number.NaN;
        const profile: Profile = new Map();
        for (const { profiles } of own) addAll(profile, profiles[index] ?? NOTHING);
        return cosine(profile, its.profile, its.norm);
      });
    },
  };
};
