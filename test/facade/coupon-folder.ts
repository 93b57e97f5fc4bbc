/** A made shop with coupon campaigns: who has used coupons uses them again. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Random } from '../../src/evaluate/random.js';

const DAY = 86_400_000;
const FIRST = Date.UTC(2020, 0, 1);

const dayOf = (day: number): string => new Date(FIRST + day * DAY).toISOString().slice(0, 10);

/** Campaigns begin every 20 days and last 19; households with an even number answer two in three, others one in ten. */
export function makeCouponTables(households = 40, campaigns = 8): Record<string, string[]> {
  const random = new Random(7);
  const tables: Record<string, string[]> = {
    campaign_descriptions: ['campaign_id,campaign_type,start_date,end_date'],
    campaigns: ['campaign_id,household_id'],
    coupons: ['coupon_upc,product_id,campaign_id'],
    coupon_redemptions: ['household_id,coupon_upc,campaign_id,redemption_date'],
    products: ['product_id,manufacturer_id,department,brand,product_category,product_type,package_size'],
    demographics: ['household_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count'],
    transactions_sample: [
      'household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc,week,transaction_timestamp',
    ],
  };
  const put = (name: string, ...values: (string | number)[]): number | undefined => tables[name]?.push(values.join(','));
  for (let product = 0; product < 12; product++) {
    put(
      'products',
      `p${product}`,
      product % 4,
      ['GROCERY', 'DRUG'][product % 2] ?? '',
      product % 3 === 0 ? 'Private' : 'National',
      `C${product % 3}`,
      `T${product % 6}`,
      '',
    );
  }
  for (let campaign = 0; campaign < campaigns; campaign++) {
    const start = 10 + campaign * 20;
    put('campaign_descriptions', `c${campaign}`, campaign % 2 === 0 ? 'Type A' : 'Type B', dayOf(start), dayOf(start + 18));
    for (let coupon = 0; coupon < 3; coupon++) {
      for (const product of [coupon, coupon + 3, (campaign + coupon) % 12]) put('coupons', `u${coupon}`, `p${product}`, `c${campaign}`);
    }
    for (let household = 0; household < households; household++) {
      put('campaigns', `c${campaign}`, `h${household}`);
      if (random.next() < (household % 2 === 0 ? 2 / 3 : 1 / 10))
        put('coupon_redemptions', `h${household}`, `u${random.below(3)}`, `c${campaign}`, dayOf(start + random.below(19)));
    }
  }
  for (let household = 0; household <= households; household++) {
    if (household % 3 === 0) put('demographics', `h${household}`, '45-54', '50-74K', 'Homeowner', 'Married', '2', '2 Adults No Kids', '0');
    for (let line = 0; line < 20; line++) {
      const at = FIRST + Math.floor(random.next() * 190 * DAY);
      const coupon = random.next() < 0.1 ? '0.5' : '0.0';
      put(
        'transactions_sample',
        `h${household}`,
        1,
        `b${household}-${line >> 1}`,
        `p${random.below(12)}`,
        '1.0',
        '2.50',
        '0.4',
        coupon,
        '0.0',
        1,
        `${at / 1000}`,
      );
    }
  }
  return tables;
}

/** Writes tables as CSV, gzip for some, and gives the folder. */
export function writeCouponFolder(parent: string, name: string, tables: Readonly<Record<string, readonly string[]>>): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  for (const [table, lines] of Object.entries(tables)) {
    const text = `${lines.join('\n')}\n`;
    if (table.startsWith('c')) writeFileSync(join(folder, `${table}.csv.gz`), gzipSync(text));
    else writeFileSync(join(folder, `${table}.csv`), text);
  }
  return folder;
}

/** The first day of the n-th campaign. */
export const startOfCampaign = (campaign: number): number => FIRST + (10 + campaign * 20) * DAY;
