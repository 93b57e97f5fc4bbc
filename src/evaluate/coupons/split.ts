/** Pairs of households and campaigns, before and after a moment: what is learned from, and what is asked. */

import { KairankError } from '../../errors.js';
import type { CouponData } from '../data/coupons.js';
import { activityFeatures } from './activity.js';
import { affinityFeatures } from './affinity.js';
import { campaignFeatures } from './campaign.js';
import { demographicFeatures } from './demographics.js';
import type { FamilyOf, Moment } from './family.js';
import { habitFeatures } from './habits.js';
import type { Pairs } from '../pairs.js';
import { redeemedFeatures } from './redeemed.js';
import { responseFeatures } from './response.js';

/** A new family of features is one file and one entry here. */
const FAMILIES: readonly FamilyOf[] = [
  campaignFeatures,
  responseFeatures,
  activityFeatures,
  habitFeatures,
  affinityFeatures,
  redeemedFeatures,
  demographicFeatures,
];

/** Where the protocol of the public data begins its test: its last three months. */
export const TEST_FROM = Date.UTC(2017, 9, 1);

export interface CouponSplit {
  train: Pairs;
  test: Pairs;
  /** Pairs of campaigns that start before the test and end in it: nobody knows yet how they end, so that nothing is learned from them. */
  censoredPairs: number;
}

function pairsOf(data: CouponData, wanted: readonly number[], testFrom: number): Pairs {
  const families = FAMILIES.map((family) => family(data, testFrom));
  const columns = families.flatMap((family) => family.columns);
  const answered = new Set(data.redemptions.map(({ household, campaign }) => `${household} ${campaign}`));
  const { households, campaigns } = data.targets;
  const values = new Float32Array(wanted.length * columns.length);
  for (const [place, pair] of wanted.entries()) {
    const campaign = campaigns[pair] ?? 0;
    const start = data.campaigns[campaign]?.start ?? 0;
    const moment: Moment = { household: households[pair] ?? 0, campaign, start, known: Math.min(start, testFrom) };
    const row = families.flatMap((family) => family.of(moment));
    if (row.length !== columns.length) throw new KairankError('KAIRANK_INTERNAL', `${row.length} features for ${columns.length} columns`);
    values.set(row, place * columns.length);
  }
  const groups = Uint32Array.from(wanted, (pair) => campaigns[pair] ?? 0);
  return {
    columns,
    values,
    labels: Uint8Array.from(wanted, (pair) => (answered.has(`${households[pair]} ${campaigns[pair]}`) ? 1 : 0)),
    groups,
    times: Float64Array.from(groups, (campaign) => data.campaigns[campaign]?.start ?? 0),
    known: Float64Array.from(groups, (campaign) => data.campaigns[campaign]?.end ?? 0),
  };
}

/**
 * Campaigns that start from a moment on are the test; what is learned from are those that ended before it, so that all redemptions of
 * theirs are known. A pair is described as of the start of its campaign: by purchases and campaigns before it, and by redemptions and
 * discounts of coupons before it that are also before the test, whatever the campaign.
 * @throws KairankError KAIRANK_NOT_ENOUGH_DATA when no campaign ends before the test, or none starts in it.
 */
export function splitCoupons(data: CouponData, testFrom: number): CouponSplit {
  const pairs = [...data.targets.campaigns.keys()];
  const campaignOf = (pair: number): { start: number; end: number } =>
    data.campaigns[data.targets.campaigns[pair] ?? 0] ?? { start: 0, end: 0 };
  const before = pairs.filter((pair) => campaignOf(pair).start < testFrom);
  const ended = before.filter((pair) => campaignOf(pair).end <= testFrom);
  const after = pairs.filter((pair) => campaignOf(pair).start >= testFrom);
  if (ended.length === 0 || after.length === 0) {
    throw new KairankError(
      'KAIRANK_NOT_ENOUGH_DATA',
      'Campaigns that ended before the test begins, and others that start in it, are needed',
      {
        field: 'testFrom',
        expected: 'a day with campaigns before and after it',
        received: new Date(testFrom).toISOString(),
      },
    );
  }
  return {
    train: pairsOf(data, ended, testFrom),
    test: pairsOf(data, after, testFrom),
    censoredPairs: before.length - ended.length,
  };
}
