/** A training run over the native learners: rules and factors, then the blend of all sources. */

import { availableParallelism } from 'node:os';
import { KairankError } from '../errors.js';
import { throwIfAborted } from '../jobs.js';
import { type NativeModelParts, type NativeModels, native, type SourceName, type Trial } from '../native.js';
import { Run, turn } from './run.js';
import { countPopularity, repeatShare } from './slice.js';
import type { LearnedModel, TrainedModels, TrainingData, TrainModelsOptions, TrainReport } from './types.js';

/** What attention and the blend are where nothing could be learned; the settings that most data sets come near. */
const DEFAULT_ATTENTION: NativeModelParts['attention'] = { scale: 8, decay: 0.8, maxEvents: 50 };
const DEFAULT_BLEND: NativeModelParts['blend'] = { weight: [1, 0.7, 0.3, 0.1], missing: [0, 0, 0, 0] };
const DEFAULT_CANDIDATES = 500;
/** Where more of the targets than this were seen before, leaving out what was seen would leave out the answer. */
const REPEATS_MATTER = 0.05;

/** Threads that training takes when it is not told: one core is left to the event loop. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

function bestOf(trials: readonly Trial[]): { ndcg: number; recall: number } | null {
  let best: Trial | null = null;
  for (const trial of trials) if (!best || trial.ndcg > best.ndcg) best = trial;
  return best && { ndcg: best.ndcg, recall: best.recall };
}

function isPart(wanted: TrainModelsOptions['models'], part: 'rules' | 'factors'): boolean {
  return wanted === undefined || wanted === 'engine' || wanted === part;
}

/** Blend weights by the names of the sources. */
function weightsByName(parts: NativeModelParts): Record<SourceName, number> {
  const [rules = 0, factors = 0, attention = 0, popularity = 0] = parts.blend.weight;
  return { rules, factors, attention, popularity };
}

/**
 * Trains on a split that it receives: never splits it again, never fits anew on validation. `Engine.train` and the
 * evaluation both call it, so that what is measured is what is served.
 *
 * Rules: Ludewig & Jannach 2018. Factors: Hu et al. 2008, Rendle et al. 2021. The blend is chosen on validation.
 *
 * @throws KairankError KAIRANK_ABORTED, KAIRANK_NOT_ENOUGH_DATA (no positive event of any item)
 */
export async function trainModels(data: TrainingData, options: TrainModelsOptions): Promise<TrainedModels> {
  if (!data.train.weights.some((weight, at) => weight > 0 && (data.train.rows[at] ?? data.items) < data.items)) {
    throw new KairankError('KAIRANK_NOT_ENOUGH_DATA', 'train: expected at least one positive event of an item, got none', {
      expected: 'at least one positive event of an item',
      received: 'none',
    });
  }
  const run = new Run(options);
  throwIfAborted(run.signal);
  const { learning } = native();
  const { items, train, validation } = data;
  const dataset = learning.createDataset(items, train, validation);
  const popularity = countPopularity(items, train);
  await turn();
  const assumed = options.excludeSeen ?? (validation ? repeatShare(validation) <= REPEATS_MATTER : true);
  const learned = { rules: null as LearnedModel | null, factors: null as LearnedModel | null };

  const ruled = isPart(options.models, 'rules')
    ? await run.job('rules', (native) => learning.learnRules(dataset, { ...native, excludeSeen: assumed }))
    : null;
  if (ruled) learned.rules = { settings: ruled.settings, trials: ruled.trials };
  const factored = isPart(options.models, 'factors')
    ? await run.job('factors', (native) => learning.learnFactors(dataset, { ...native, excludeSeen: assumed }))
    : null;
  if (factored) learned.factors = { settings: factored.settings, trials: factored.trials };

  const parts = { rules: ruled?.rules ?? null, factors: factored?.factors ?? null, popularity };
  const blended =
    validation && (options.models === undefined || options.models === 'engine')
      ? await run.job('blend', (native) =>
          learning.learnBlend(dataset, parts, {
            ...native,
            excludeSeen: options.excludeSeen,
            candidates: options.candidates ?? DEFAULT_CANDIDATES,
          }),
        )
      : null;
  const models =
    blended?.models ?? learning.createModels({ items, ...parts, attention: DEFAULT_ATTENTION, blend: DEFAULT_BLEND, excludeSeen: assumed });
  const made = models.parts();
  const best = validation ? bestOf(blended?.trials ?? learned.rules?.trials ?? learned.factors?.trials ?? []) : null;
  const report: TrainReport = {
    seed: options.seed,
    threads: options.threads,
    ...learned,
    blend: blended
      ? { settings: { ...made.attention }, trials: blended.trials, weights: weightsByName(made), excludeSeen: made.excludeSeen }
      : null,
    excludeSeen: made.excludeSeen,
    validation: best && validation ? { cases: validation.targetOffsets.length - 1, ...best } : null,
    refitted: false,
    seconds: run.seconds,
  };
  return { models, report };
}

/**
 * Fits models of the same settings on other data, nothing chosen.
 * @throws KairankError KAIRANK_ABORTED
 */
export async function refitModels(
  { models, report }: TrainedModels,
  data: Omit<TrainingData, 'validation'>,
  options: TrainModelsOptions,
): Promise<TrainedModels> {
  const run = new Run(options);
  const { learning } = native();
  const dataset = learning.createDataset(data.items, data.train, null);
  const popularity = countPopularity(data.items, data.train);
  await turn();
  const { excludeSeen } = report;
  const { rules, factors } = report;
  const ruled = rules && (await run.job('refit', (native) => learning.fitRules(dataset, rules.settings, { ...native, excludeSeen })));
  const factored =
    factors && (await run.job('refit', (native) => learning.fitFactors(dataset, factors.settings, { ...native, excludeSeen })));
  const parts: NativeModelParts = {
    ...models.parts(),
    items: data.items,
    rules: ruled?.rules ?? null,
    factors: factored?.factors ?? null,
    popularity,
  };
  const refitted: NativeModels = learning.createModels(parts);
  return { models: refitted, report: { ...report, refitted: true, seconds: report.seconds + run.seconds } };
}
