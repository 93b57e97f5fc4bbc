import { describe, expect, test } from 'vitest';
import { splitCoupons } from '../../src/evaluate/coupons/split.js';
import type { Pairs } from '../../src/evaluate/pairs.js';
import { leadingNumber } from '../../src/evaluate/coupons/demographics.js';
import { type CouponData, readCouponData } from '../../src/evaluate/data/coupons.js';
import { makeCouponTables, startOfCampaign, writeCouponFolder } from './coupon-folder.js';
import { scratch } from './scratch.js';

const { folder } = scratch();
const DAY = 86_400_000;
const day = (text: string): number => Date.parse(text);

/** Two households and three campaigns, small enough to count by hand. */
const SMALL: Record<string, string[]> = {
  campaign_descriptions: [
    'campaign_id,campaign_type,start_date,end_date',
    '1,Type A,2020-02-01,2020-02-29',
    '2,Type B,2020-03-01,2020-04-15',
    '3,Type A,2020-04-01,2020-04-30',
    '4,Type A,someday,2020-04-30',
  ],
  campaigns: ['campaign_id,household_id', '1,ann', '1,bob', '2,ann', '3,ann', '3,bob', '3,bob', '9,ann'],
  coupons: ['coupon_upc,product_id,campaign_id', 'u1,tea,1', 'u1,pot,1', 'u2,tea,3', 'u3,soap,3', 'u4,tea,2', 'u5,tea,9'],
  coupon_redemptions: [
    'household_id,coupon_upc,campaign_id,redemption_date',
    'ann,u1,1,2020-02-10',
    'ann,u1,1,2020-02-11',
    'bob,u3,3,2020-04-20',
    'ann,u4,2,2020-04-02',
    'eve,u1,1,2020-02-10',
    'bob,nothing,3,2020-04-20',
  ],
  transactions: [
    'household_id,basket_id,product_id,sales_value,retail_disc,coupon_disc,coupon_match_disc,transaction_timestamp',
    `ann,b1,tea,4,1,0,0,${day('2020-01-02') / 1000}`,
    `ann,b1,pot,20,0,0.5,0.25,${day('2020-01-02') / 1000}`,
    `ann,b2,tea,4,0,0,0,${day('2020-03-20') / 1000}`,
    `ann,b3,soap,2,0,1,0,${day('2020-04-01') / 1000}`,
    `eve,b4,soap,2,0,0,0,${day('2020-01-20') / 1000}`,
    `bob,b5,soap,,0,0,0,${day('2020-01-20') / 1000}`,
  ],
  products: [
    'product_id,manufacturer_id,department,brand,product_category,product_type,package_size',
    'tea,7,GROCERY,National,DRINKS,TEA,20 bags',
    'pot,7,KITCHEN,Private,POTS,,',
    'soap,8,DRUG,National,SOAP,SOAP,1',
    'never,9,DRUG,National,SOAP,SOAP,1',
  ],
  demographics: [
    'household_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count',
    'ann,45-54,50-74K,Homeowner,Unknown,5+,2 Adults Kids,None/Unknown',
  ],
};

function rowOf(pairs: Pairs, row: number): Record<string, number> {
  const width = pairs.columns.length;
  return Object.fromEntries(pairs.columns.map((column, index) => [column, pairs.values[row * width + index] ?? Number.POSITIVE_INFINITY]));
}

describe('a folder of coupons', () => {
  test('is read as far as it can be asked about, what cannot be used is counted', async () => {
    const data = await readCouponData(writeCouponFolder(folder, 'small', SMALL));
    expect(data.households).toEqual(['ann', 'bob']);
    expect(data.campaigns.map(({ id, type, start, end }) => [id, type, start, end])).toEqual([
      ['1', 'Type A', day('2020-02-01'), day('2020-03-01')],
      ['2', 'Type B', day('2020-03-01'), day('2020-04-16')],
      ['3', 'Type A', day('2020-04-01'), day('2020-05-01')],
    ]);
    expect(data.campaigns.map(({ coupons }) => coupons.map((products) => products.length))).toEqual([[2], [1], [1, 1]]);
    expect([...data.targets.households]).toEqual([0, 1, 0, 0, 1]);
    expect(data.redemptions.map(({ household, campaign, coupon }) => [household, campaign, coupon])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 1, 0],
      [1, 2, 1],
    ]);
    // eve was never targeted; bob's line has no price.
    expect([...data.transactions.offsets]).toEqual([0, 4, 4]);
    expect([...data.transactions.couponDiscount]).toEqual([0, 0.75, 0, 1]);
    expect(data.products.count).toBe(3);
    expect(data.rejected).toEqual({
      'no days of a campaign': 1,
      'campaign without a description': 1,
      'coupon of an unknown campaign': 1,
      'redemption of a household that nothing targeted': 1,
      'redemption of an unknown coupon': 1,
      'transaction without numbers': 1,
    });
  });

  test('without a table, a column, or anybody targeted is refused by name', async () => {
    const { coupons, ...without } = SMALL;
    expect(coupons).toBeDefined();
    await expect(readCouponData(writeCouponFolder(folder, 'no-table', without))).rejects.toMatchObject({
      code: 'KAIRANK_IO',
      message: expect.stringContaining('coupons') as string,
    });
    const bad = { ...SMALL, coupons: ['coupon_upc,product,campaign_id', 'u1,tea,1'] };
    await expect(readCouponData(writeCouponFolder(folder, 'no-column', bad))).rejects.toMatchObject({
      code: 'KAIRANK_CORRUPT_FILE',
      message: expect.stringContaining('product_id') as string,
      received: 'coupon_upc, product, campaign_id',
    });
    const nobody = { ...SMALL, campaigns: ['campaign_id,household_id'] };
    await expect(readCouponData(writeCouponFolder(folder, 'nobody', nobody))).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
  });
});

describe('pairs', () => {
  const prepare = async (name: string, testFrom: string) =>
    splitCoupons(await readCouponData(writeCouponFolder(folder, name, SMALL)), day(testFrom));

  test('campaigns that have not ended when the test begins are left out of what is learned from', async () => {
    const { train, test: asked, censoredPairs } = await prepare('split', '2020-04-01');
    expect([...train.groups]).toEqual([0, 0]);
    expect([...train.labels]).toEqual([1, 0]);
    expect([...asked.groups]).toEqual([2, 2]);
    expect([...asked.labels]).toEqual([0, 1]);
    expect([...asked.times]).toEqual([day('2020-04-01'), day('2020-04-01')]);
    expect(censoredPairs).toBe(1);
  });

  test('are described as of the start of the campaign', async () => {
    const { test: asked } = await prepare('described', '2020-04-01');
    const ann = rowOf(asked, 0);
    // Campaigns 1 and 2 before; of campaign 2 nothing was known on April 1; campaign 1 was answered by one of two.
    expect(ann['log campaigns before']).toBeCloseTo(Math.log(3), 5);
    expect(ann['days since the last campaign']).toBe(31);
    expect(ann['answered campaigns']).toBeCloseTo(Math.log(2), 5);
    expect(ann['answered less expected']).toBeCloseTo((1 - 1 / 2 + 0 - 0) / (2 + 4), 5);
    expect(ann['log coupons redeemed']).toBeCloseTo(Math.log(3), 5);
    expect(ann['days since the last redemption']).toBe((day('2020-04-01') - day('2020-02-11')) / DAY);
    expect(ann['answered the last campaign of its type']).toBe(1);
    // Three lines before April 1, over 90 days; the soap was bought on it.
    expect(ann['log lines a month']).toBeCloseTo(Math.log1p(3 / ((day('2020-04-01') - day('2020-01-02')) / DAY / 30)), 5);
    expect(ann['days since the last purchase']).toBe(12);
    expect(ann['log lines with a coupon']).toBeCloseTo(Math.log(2), 5);
    expect(ann['campaign Type A']).toBe(1);
    expect(ann['log coupons']).toBeCloseTo(Math.log(3), 5);
    // She bought tea and no soap: one of the two coupons.
    expect(ann['coupons of a bought product']).toBe(0.5);
    const lines = [Math.exp(-90 / 120), Math.exp(-90 / 120), Math.exp(-12 / 120)] as const;
    expect(ann['share of lines of its product']).toBeCloseTo((lines[0] + lines[2]) / (lines[0] + lines[1] + lines[2]), 5);
    expect([ann['told of itself'], ann.age, ann['household size'], ann['home owner'], ann.married, ann.children]).toEqual([
      1,
      45,
      5,
      1,
      Number.NaN,
      Number.NaN,
    ]);
    const bob = rowOf(asked, 1);
    expect(bob['answered less expected']).toBeCloseTo(-0.5 / (1 + 4), 5);
    expect([bob['told of itself'], bob.age, bob['likeness by type'], bob['days since the last redemption']]).toEqual([
      0,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });

  test('a day without campaigns before and after it is refused', async () => {
    await expect(prepare('early', '2020-01-01')).rejects.toMatchObject({ code: 'KAIRANK_NOT_ENOUGH_DATA', field: 'testFrom' });
    await expect(prepare('late', '2021-01-01')).rejects.toMatchObject({ code: 'KAIRANK_NOT_ENOUGH_DATA' });
  });
});

describe('nothing of the future', () => {
  const testFrom = startOfCampaign(5);
  const values = ({ values: own }: Pairs): number[] => [...own];

  /** The same data as if all that is told of a later time had been otherwise. */
  function without(data: CouponData, from: number): CouponData {
    const { transactions } = data;
    const later = (index: number): boolean => (transactions.times[index] ?? 0) >= from;
    return {
      ...data,
      redemptions: data.redemptions.filter(({ at }) => at < from),
      transactions: {
        ...transactions,
        products: transactions.products.map((product, index) => (later(index) ? 0 : product)),
        spent: transactions.spent.map((spent, index) => (later(index) ? 999 : spent)),
        couponDiscount: transactions.couponDiscount.map((discount, index) => (later(index) ? 9 : discount)),
      },
    };
  }

  test('is in the features of a campaign, nor are redemptions of the test in those of any', async () => {
    const data = await readCouponData(writeCouponFolder(folder, 'made', makeCouponTables()));
    const split = splitCoupons(data, testFrom);
    // By name: which department comes first is decided by all that is before the test.
    const rows = (pairs: Pairs, campaign: number): Record<string, number>[] =>
      [...pairs.groups.keys()].filter((row) => pairs.groups[row] === campaign).map((row) => rowOf(pairs, row));
    for (const campaign of [2, 4]) {
      const cut = splitCoupons(without(data, startOfCampaign(campaign)), testFrom);
      expect(rows(cut.train, campaign)).toHaveLength(40);
      expect(rows(cut.train, campaign)).toEqual(rows(split.train, campaign));
    }
    const cut = splitCoupons({ ...without(data, testFrom), transactions: data.transactions }, testFrom);
    expect(values(cut.test)).toEqual(values(split.test));
    expect([...cut.test.labels].every((label) => label === 0)).toBe(true);
    // Nor discounts by coupons, which are redemptions by another name.
    const { transactions } = data;
    const couponDiscount = transactions.couponDiscount.map((discount, index) =>
      (transactions.times[index] ?? 0) >= testFrom ? 9 : discount,
    );
    expect(values(splitCoupons({ ...data, transactions: { ...transactions, couponDiscount } }, testFrom).test)).toEqual(values(split.test));
  });
});

test.each([
  ['35-49K', 35],
  ['65+', 65],
  ['Under 15K', 7.5],
  ['None/Unknown', Number.NaN],
  ['', Number.NaN],
])('%s begins with the number %d', (words, number) => {
  expect(leadingNumber(words)).toBe(number);
});
