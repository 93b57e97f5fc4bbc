/** `kairank evaluate --format coupons`: which household redeems coupons of which campaign. */

import { FITS, type ProbabilityModel } from '../evaluate/coupons/models.js';
import type { Pairs } from '../evaluate/pairs.js';
import { type CouponSplit, splitCoupons } from '../evaluate/coupons/split.js';
import { type CouponData, readCouponData } from '../evaluate/data/coupons.js';
import { logLoss, measureProbabilities, type ProbabilityMetrics } from '../statistics/probabilities.js';
import { count, plural, print, rounded, table } from './output.js';
import type { Progress } from './progress.js';
import { packageVersion } from '../version.js';

export interface CouponOptions {
  models: readonly ProbabilityModel[];
  /** Campaigns that start from here on are the test, in milliseconds since 1970. */
  testFrom: number;
  seed: number;
  threads: number;
  /** Seconds that fitting a model may take. */
  budget: number;
  json: boolean;
}

interface Outcome {
  model: ProbabilityModel;
  metrics: ProbabilityMetrics;
  /** The log loss of giving every pair the share of positives in train: what a model has to be below. */
  shareLogLoss: number;
  trainSeconds: number;
  evaluateSeconds: number;
}

const seconds = (since: number): number => Math.round(performance.now() - since) / 1000;

const positivesOf = ({ labels }: Pairs): number => labels.reduce((sum, label) => sum + label, 0);

const sizeOf = (pairs: Pairs): { pairs: number; positives: number; campaigns: number } => ({
  pairs: pairs.labels.length,
  positives: positivesOf(pairs),
  campaigns: new Set(pairs.groups).size,
});

async function evaluateModel(
  model: ProbabilityModel,
  { train, test }: CouponSplit,
  { seed, threads, budget }: CouponOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = performance.now();
  const probability = await FITS[model](train, { seed, threads, budget, signal });
  const trainSeconds = seconds(started);
  const asking = performance.now();
  const metrics = measureProbabilities(test.labels, probability(test), test.groups);
  const share = positivesOf(train) / train.labels.length;
  const shareLogLoss = logLoss(test.labels, new Float64Array(test.labels.length).fill(share));
  return { model, metrics, shareLogLoss, trainSeconds, evaluateSeconds: seconds(asking) };
}

function reportOf(data: CouponData, split: CouponSplit, options: CouponOptions, outcome: Outcome): object {
  const { metrics } = outcome;
  return {
    model: outcome.model,
    protocol: 'campaigns',
    households: data.households.length,
    campaigns: data.campaigns.length,
    train: sizeOf(split.train),
    test: sizeOf(split.test),
    censoredPairs: split.censoredPairs,
    features: split.train.columns.length,
    auc: rounded(metrics.auc),
    groupedAuc: rounded(metrics.groupedAuc.weighted),
    groupedAucUnweighted: rounded(metrics.groupedAuc.unweighted),
    groupsCounted: metrics.groupedAuc.counted,
    logLoss: rounded(metrics.logLoss),
    shareLogLoss: rounded(outcome.shareLogLoss),
    brier: rounded(metrics.brier),
    calibrationError: rounded(metrics.calibrationError),
    reliability: metrics.reliability.map(({ from, to, pairs, predicted, observed }) => ({
      from: rounded(from),
      to: rounded(to),
      pairs,
      predicted: rounded(predicted),
      observed: rounded(observed),
    })),
    trainSeconds: outcome.trainSeconds,
    evaluateSeconds: outcome.evaluateSeconds,
    seed: options.seed,
    threads: options.threads,
    budget: options.budget,
    testFrom: new Date(options.testFrom).toISOString(),
    rejected: data.rejected,
    versions: { kairank: packageVersion(), node: process.versions.node },
  };
}

function wordsOf(split: CouponSplit, outcomes: readonly Outcome[]): string[] {
  const [train, test] = [sizeOf(split.train), sizeOf(split.test)];
  const words = (size: { pairs: number; positives: number; campaigns: number }): string =>
    `${plural(size.pairs, 'pair')} of ${plural(size.campaigns, 'campaign')}, ${count(size.positives)} redeemed`;
  const rows = outcomes.map(({ model, metrics, shareLogLoss, trainSeconds }) => [
    model,
    ...[metrics.auc, metrics.groupedAuc.weighted, metrics.logLoss, shareLogLoss, metrics.brier, metrics.calibrationError].map((value) =>
      value.toFixed(4),
    ),
    trainSeconds.toFixed(1),
  ]);
  const header = ['', 'auc', 'grouped auc', 'log loss', 'of the share', 'brier', 'calibration error', 'training s'];
  return [
    `campaigns: learned from ${words(train)}; asked about ${words(test)}`,
    '',
    ...table([header, ...rows], { indent: 2 }),
    '',
    `  ${plural(split.censoredPairs, 'pair')} of campaigns that had not ended when the test began left out`,
  ];
}

export async function runCoupons(folder: string, options: CouponOptions, progress: Progress, signal: AbortSignal): Promise<void> {
  progress.update('reading', 0);
  const data = await readCouponData(folder, signal);
  const split = splitCoupons(data, options.testFrom);
  progress.update('reading', 1, plural(data.targets.campaigns.length, 'pair'));
  const outcomes: Outcome[] = [];
  for (const model of options.models) {
    progress.update(`learning ${model}`, 0);
    outcomes.push(await evaluateModel(model, split, options, signal));
    progress.update(`learning ${model}`, 1);
  }
  progress.stop();
  const reports = outcomes.map((outcome) => reportOf(data, split, options, outcome));
  print(options.json, reports.length === 1 ? (reports[0] ?? {}) : { runs: reports }, () => wordsOf(split, outcomes));
}
