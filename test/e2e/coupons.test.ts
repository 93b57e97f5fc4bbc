import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCouponTables, startOfCampaign, writeCouponFolder } from '../facade/coupon-folder.js';
import { scratch } from '../facade/scratch.js';
import { json, kairank, root } from './cli.js';

const { folder } = scratch();
const MINUTES = 60_000;

describe('coupons', () => {
  const made = writeCouponFolder(folder, 'made', makeCouponTables());
  const testFrom = new Date(startOfCampaign(5)).toISOString();

  test('who answers, learned from earlier campaigns', { timeout: MINUTES }, async () => {
    const report = await json(['evaluate', made, '--format', 'coupons', '--test-from', testFrom]);
    expect(report).toMatchObject({
      model: 'engine',
      protocol: 'campaigns',
      households: 40,
      campaigns: 8,
      train: { pairs: 200, campaigns: 5 },
      test: { pairs: 120, campaigns: 3 },
      censoredPairs: 0,
      groupsCounted: 3,
      testFrom,
      rejected: {},
    });
    // Half answer two in three times, half one in ten: knowing which gives .5 + (.67 x .9 - .1 x .33) / (4 x .385 x .615) = .80.
    expect(report.auc).toBeGreaterThan(0.7);
    expect(report.groupedAuc).toBeGreaterThan(0.7);
    expect(Number(report.logLoss)).toBeLessThan(Number(report.shareLogLoss));
    for (const key of ['brier', 'calibrationError', 'trainSeconds', 'features']) expect(report[key], key).toBeTypeOf('number');
    expect(report.reliability).toHaveLength(15);
  });

  test('the engine orders as logistic regression does, calibrated, and a seed repeats it', { timeout: MINUTES }, async () => {
    const args = ['evaluate', made, '--format', 'coupons', '--test-from', testFrom];
    const { runs } = (await json([...args, '--model', 'engine,logistic'])) as Record<'runs', Record<string, unknown>[]>;
    const [engine, logistic] = runs;
    expect([engine?.model, logistic?.model]).toEqual(['engine', 'logistic']);
    for (const key of ['auc', 'groupedAuc']) expect(engine?.[key]).toBeCloseTo(Number(logistic?.[key]), 4);
    expect(engine?.logLoss).not.toBe(logistic?.logLoss);
    const again = await json([...args, '--model', 'engine']);
    for (const key of ['auc', 'groupedAuc', 'logLoss', 'brier', 'reliability']) expect(again[key], key).toEqual(engine?.[key]);
  });

  test('in words', { timeout: MINUTES }, async () => {
    const { stdout, code } = await kairank(['evaluate', made, '--format', 'coupons', '--model', 'logistic', '--test-from', testFrom]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/learned from 200 pairs of 5 campaigns, \d+ redeemed; asked about 120 pairs of 3 campaigns/);
    expect(stdout).toMatch(/logistic +0\.\d{4} +0\.\d{4}/);
  });

  test.each([
    [['--format', 'coupons', '--k', '5'], /--k: expected no such option for the format coupons/],
    [['--format', 'coupons', '--no-ranker'], /--no-ranker: expected no such option for the format coupons/],
    [['--format', 'coupons', '--model', 'ials'], /--model: expected one of "engine", "logistic", got "ials"/],
    [['--format', 'sequences', '--model', 'logistic'], /--model: expected one of "engine", .* got "logistic"/],
    [['--format', 'coupons', '--test-from', '2019-01-01'], /Campaigns that ended before the test begins/],
  ])('%j is refused', { timeout: MINUTES }, async (args, message) => {
    const { code, stdout, stderr } = await kairank(['evaluate', made, ...args]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBeGreaterThan(0);
  });
});

const coupons = join(resolve(root, process.env.KAIRANK_DATA ?? '../shared/data'), 'coupons');
const there = existsSync(join(coupons, 'campaigns.csv.gz'));
if (!there) console.log(`skipped: The Complete Journey is not at ${coupons} (set KAIRANK_DATA)`);

test.skipIf(!there)('The Complete Journey: the engine is above what weights by hand reach', { timeout: 5 * MINUTES }, async () => {
  const report = await json(['evaluate', coupons, '--format', 'coupons']);
  expect(report).toMatchObject({
    train: { pairs: 3927, positives: 475 },
    test: { pairs: 2421, positives: 297 },
    censoredPairs: 241,
    rejected: {},
  });
  expect(report.auc).toBeGreaterThan(0.79);
});
