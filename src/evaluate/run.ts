/** One evaluation: learn from a split, rank its test cases, measure. */

import { KairankError } from '../errors.js';
import { runJob } from '../jobs.js';
import { DEFAULT_BUDGET, refitModels, trainModels } from '../learn/train.js';
import { Run } from '../learn/run.js';
import type { TrainProgress, TrainReport } from '../learn/types.js';
import { type NativeModels, native, type RankedCases } from '../native.js';
import { type Ablation, ablate } from './ablation.js';
import { type Baseline, BASELINES, baselineScorer, isBaseline } from './baselines/index.js';
import { contentFields } from './data/content.js';
import { type Metrics, measure } from './metrics.js';
import { rankScores, rankScoresAmong } from './ranks.js';
import type { Split } from './splits.js';

/** `engine` is the whole pipeline as it serves; the last are baselines; the rest single models over the whole catalogue. */
export const EVALUATION_MODELS = [
  'engine',
  'sequence',
  'rules',
  'item-knn',
  'session-knn',
  'ials',
  'popularity',
  'content',
  ...BASELINES,
] as const;
export type EvaluationModel = (typeof EVALUATION_MODELS)[number];

export interface EvaluateOptions {
  model: EvaluationModel;
  /** Whether what a shopper already had is left out of the ranking. */
  excludeSeen: boolean;
  /** Cut-offs of the metrics. */
  ks: readonly number[];
  seed: number;
  threads: number;
  /** Candidates that recall hands to ranking (`engine` only). Default: 500. */
  candidates?: number;
  /** Fits the settings that were chosen again on train and validation together. Default: what the protocol does. */
  refit?: boolean;
  /** Whether every part of the engine is left out in turn. Default: false. */
  ablate?: boolean;
  /** Whether the engine learns a ranker beside its blend. Default: true. */
  ranker?: boolean;
  /** Seconds that training may take. Default: 600. */
  budget?: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: TrainProgress) => void;
}

export interface Evaluation {
  metrics: Metrics;
  /** The same among the held-out items alone, where the split has such. */
  cold: Metrics | null;
  /** What each part of the engine is worth, dearest first; null where it was not asked. */
  ablation: Ablation[] | null;
  /** What training did; null for a baseline without training. */
  report: TrainReport | null;
  trainSeconds: number;
  evaluateSeconds: number;
}

const NATIVE_MODELS = {
  engine: 'engine',
  sequence: 'sequence',
  rules: 'rules',
  'item-knn': 'item-knn',
  'session-knn': 'sessions',
  ials: 'factors',
  popularity: 'popularity',
  content: 'content',
} as const;

const seconds = (since: number): number => Math.round(performance.now() - since) / 1000;

/** A baseline learns nothing: making its tables is its training. */
function evaluateBaseline(model: Baseline, split: Split, options: EvaluateOptions): Evaluation {
  const { test, items, coldItems } = split;
  const { excludeSeen, ks } = options;
  const started = performance.now();
  const learned = (options.refit ?? split.refits) ? split.everything : split.train;
  const score = baselineScorer(model, split, learned, options.seed);
  const trainSeconds = seconds(started);
  const ranking = performance.now();
  const how = { items, excludeSeen, k: Math.max(...ks), score };
  if (!coldItems) {
    const metrics = measure(test, rankScores(test, how), { items, ks, excludeSeen });
    return { metrics, cold: null, ablation: null, report: null, trainSeconds, evaluateSeconds: seconds(ranking) };
  }
  const { all, among } = rankScoresAmong(test, coldItems.rows, how);
  const metrics = measure(test, all, { items, ks, excludeSeen });
  const cold = measure(test, among, { items: coldItems.rows.length, ks, excludeSeen });
  return { metrics, cold, ablation: null, report: null, trainSeconds, evaluateSeconds: seconds(ranking) };
}

/**
 * Evaluates one model on a split. Training sees `split.train` and chooses on `split.validation`; nothing is fitted again but by
 * `refit`, and test histories are input alone.
 * @throws KairankError KAIRANK_ABORTED, KAIRANK_NOT_ENOUGH_DATA when the split asks nothing.
 */
export async function evaluate(split: Split, options: EvaluateOptions): Promise<Evaluation> {
  const { test, items } = split;
  if (test.targets.length === 0)
    throw new KairankError('KAIRANK_NOT_ENOUGH_DATA', 'The split has no test cases: nobody has a history and something after it');
  const k = Math.max(...options.ks);
  const started = performance.now();
  if (isBaseline(options.model)) return evaluateBaseline(options.model, split, options);
  const model = NATIVE_MODELS[options.model];
  const { signal, onProgress } = options;
  const refit = options.refit ?? split.refits;
  const settings = {
    seed: options.seed,
    threads: options.threads,
    excludeSeen: options.excludeSeen,
    models: model,
    refit,
    budget: options.budget ?? DEFAULT_BUDGET,
    ranker: options.ranker ?? true,
    ...(options.candidates === undefined ? {} : { candidates: options.candidates }),
    ...(split.goals ? { goals: split.goals } : {}),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  };
  const run = new Run(settings);
  const validation = split.validation.targets.length > 0 ? split.validation : null;
  const content = split.records && contentFields(split.records);
  const newRows = split.coldItems?.validationRows;
  const data = { items, train: split.train, validation, content, newRows, period: split.period };
  let trained = await trainModels(data, settings, run);
  if (refit) trained = await refitModels(trained, { items, train: split.everything, content }, settings, run);
  const trainSeconds = seconds(started);
  const ranking = performance.now();
  const { excludeSeen, threads, candidates = 500 } = options;
  const rank = (within?: Uint32Array, models = trained.models): Promise<RankedCases> =>
    runJob(
      () =>
        native().learning.rankCases(models, test, {
          model: model === 'item-knn' ? 'rules' : model,
          excludeSeen,
          candidates,
          k,
          threads,
          ...(within ? { within } : {}),
        }),
      signal,
    );
  const metrics = measure(test, await rank(), { ...options, items });
  const among = split.coldItems?.rows;
  const cold = among ? measure(test, await rank(among), { ...options, items: among.length }) : null;
  const evaluateSeconds = seconds(ranking);
  const ndcgBy = async (models: NativeModels): Promise<Float64Array> =>
    measure(test, await rank(undefined, models), { ...options, items }).ndcgOfCases;
  const ablation = options.ablate === true && model === 'engine' ? await ablate(trained.models, metrics.ndcgOfCases, ndcgBy) : null;
  return { metrics, cold, ablation, report: trained.report, trainSeconds, evaluateSeconds };
}
