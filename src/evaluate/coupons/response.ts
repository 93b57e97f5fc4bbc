/** How the household answered the campaigns before. */

import { DAY } from '../../options.js';
import type { Campaign, CouponData } from '../data/coupons.js';
import { daysSince, type Family, type FamilyOf, type Moment } from './family.js';

/** Campaigns worth of the usual answer that are added to a household's own: one answer says little. */
const PRIOR = 4;
/** What a redemption still counts after so many days is 1 / e. */
const MEMORY = 90;

interface Told {
  campaign: number;
  at: number;
}

/** By household: the campaigns that targeted it, by their start, and its redemptions, by day. */
function histories({ households, campaigns, targets, redemptions }: CouponData): { targeted: Told[][]; redeemed: Told[][] } {
  const targeted = households.map((): Told[] => []);
  const redeemed = households.map((): Told[] => []);
  for (const [pair, household] of targets.households.entries()) {
    const campaign = targets.campaigns[pair] ?? 0;
    targeted[household]?.push({ campaign, at: campaigns[campaign]?.start ?? 0 });
  }
  for (const list of targeted) list.sort((a, b) => a.at - b.at || a.campaign - b.campaign);
  for (const { household, campaign, at } of redemptions) redeemed[household]?.push({ campaign, at });
  return { targeted, redeemed };
}

/** The share of a campaign's households that had redeemed before a moment, by campaign. */
function sharesBefore(data: CouponData, moment: number): Float64Array {
  const asked = new Float64Array(data.campaigns.length);
  const answered = data.campaigns.map(() => new Set<number>());
  for (const campaign of data.targets.campaigns) asked[campaign] = (asked[campaign] ?? 0) + 1;
  for (const { household, campaign, at } of data.redemptions) if (at < moment) answered[campaign]?.add(household);
  return asked.map((count, campaign) => (answered[campaign]?.size ?? 0) / Math.max(1, count));
}

export const responseFeatures: FamilyOf = (data): Family => {
  const { targeted, redeemed } = histories(data);
  const shares = new Map<number, Float64Array>();
  const sharesAt = (moment: number): Float64Array => {
    const found = shares.get(moment) ?? sharesBefore(data, moment);
    shares.set(moment, found);
    return found;
  };
  const typeOf = (campaign: number): Campaign['type'] | undefined => data.campaigns[campaign]?.type;
  return {
    columns: [
      'log campaigns before',
      'days since the last campaign',
      'answered campaigns',
      'answered less expected',
      'answered less expected, its type',
      'log coupons redeemed',
      'recent redemptions',
      'days since the last redemption',
      'answered the last campaign of its type',
    ],
    of: ({ household, campaign, start, known }: Moment) => {
      const before = (targeted[household] ?? []).filter((told) => told.at < start);
      const asked = before.filter((told) => told.at < known);
      const own = (redeemed[household] ?? []).filter((told) => told.at < known);
      const answers = new Set(own.map((told) => told.campaign));
      const expected = sharesAt(known);
      const sameType = (told: Told): boolean => typeOf(told.campaign) === typeOf(campaign);
      const excess = (list: readonly Told[]): number =>
        list.reduce((sum, told) => sum + (answers.has(told.campaign) ? 1 : 0) - (expected[told.campaign] ?? 0), 0) / (list.length + PRIOR);
      const last = asked.filter(sameType).at(-1);
      return [
        Math.log1p(before.length),
        daysSince(before.at(-1)?.at, start),
        Math.log1p(answers.size),
        excess(asked),
        excess(asked.filter(sameType)),
        Math.log1p(own.length),
        Math.log1p(own.reduce((sum, { at }) => sum + Math.exp((at - known) / (MEMORY * DAY)), 0)),
        daysSince(own.at(-1)?.at, known),
        last === undefined ? Number.NaN : answers.has(last.campaign) ? 1 : 0,
      ];
    },
  };
};
