/** What the campaign is, whoever is asked. */

import { DAY } from '../../options.js';
import type { Family, FamilyOf } from './family.js';

export const campaignFeatures: FamilyOf = ({ campaigns, targets }): Family => {
  const types = [...new Set(campaigns.map(({ type }) => type))].sort();
  const targeted = new Uint32Array(campaigns.length);
  for (const campaign of targets.campaigns) targeted[campaign] = (targeted[campaign] ?? 0) + 1;
  const own = campaigns.map(({ type, start, end, coupons }, row) => {
    const products = new Set(coupons.flatMap((list) => [...list]));
    return [
      ...types.map((one) => (one === type ? 1 : 0)),
      Math.log1p(coupons.length),
      Math.log1p(products.size),
      Math.log1p(targeted[row] ?? 0),
      (end - start) / DAY,
    ];
  });
  return {
    columns: [...types.map((type) => `campaign ${type}`), 'log coupons', 'log coupon products', 'log targeted households', 'campaign days'],
    of: ({ campaign }) => own[campaign] ?? [],
  };
};
