/** A training run over the native learners: rules and factors, then the blend of all sources. */

import { availableParallelism } from 'node:os';
import { KairankError } from '../errors.js';
import { call, throwIfAborted } from '../jobs.js';
import { type NativeModelParts, native, SOURCES, type SourceName, type Trial } from '../native.js';
import { Run, turn } from './run.js';
import { countPopularity, repeatShare } from './slice.js';
import type { TrainedModels, TrainingData, TrainModelsOptions, TrainReport } from './types.js';

/** What a set of one model says of attention, which it does not have. */
const NO_ATTENTION: NativeModelParts['attention'] = { scale: 8, decay: 0.8, maxEvents: 50 };
const DEFAULT_CANDIDATES = 500;
/** Where more of the targets than this were seen before, leaving out what was seen would leave out the answer. */
const REPEATS_MATTER = 0.05;

/** Threads that training takes when it is not told: one core is left to the event loop. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

function bestOf(trials: readonly Trial[]): Trial | null {
  return trials.reduce<Trial | null>((best, trial) => (best && best.ndcg >= trial.ndcg ? best : trial), null);
}

/**
 * The trial of the blend that was chosen: not always the best one, as a source joins only where it is clearly worth
 * it. Popularity weighs a little in every blend, to break ties, so that its weight says nothing.
 */
function chosenOf(trials: readonly Trial[], made: NativeModelParts): Trial | null {
  const chosen = trials.filter(
    ({ settings }) =>
      settings.rules !== undefined &&
      settings.excludeSeen === Number(made.excludeSeen) &&
      SOURCES.every((source, index) => source === 'popularity' || settings[source] === Number((made.blend.weight[index] ?? 0) !== 0)),
  );
  return bestOf(chosen) ?? bestOf(trials.filter(({ settings }) => settings.rules !== undefined));
}

/** The blend of a set of one model: that model, with a word for popularity where it has none. */
function only(source: SourceName): NativeModelParts['blend'] {
  return { weight: SOURCES.map((one) => Number(one === source)), missing: SOURCES.map(() => 0) };
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
export async function trainModels(data: TrainingData, options: TrainModelsOptions, run = new Run(options)): Promise<TrainedModels> {
  if (!data.train.weights.some((weight, at) => weight > 0 && (data.train.rows[at] ?? data.items) < data.items)) {
    throw new KairankError('KAIRANK_NOT_ENOUGH_DATA', 'train: expected at least one positive event of an item, got none', {
      expected: 'at least one positive event of an item',
      received: 'none',
    });
  }
  throwIfAborted(run.signal);
  const { learning } = native();
  const { items, train, validation } = data;
  const { models: wanted = 'engine' } = options;
  const dataset = call(() => learning.createDataset(items, train, validation));
  const popularity = countPopularity(items, train);
  await turn();
  const excludeSeen = options.excludeSeen ?? (validation ? repeatShare(validation) <= REPEATS_MATTER : true);
  const ruled =
    wanted === 'engine' || wanted === 'rules'
      ? await run.job('rules', (native) => learning.learnRules(dataset, { ...native, excludeSeen }))
      : null;
  const factored =
    wanted === 'engine' || wanted === 'factors'
      ? await run.job('factors', (native) => learning.learnFactors(dataset, { ...native, excludeSeen }))
      : null;
  const parts = { rules: ruled?.rules ?? null, factors: factored?.factors ?? null, popularity };
  const blended =
    wanted === 'engine'
      ? await run.job('blend', (native) =>
          learning.learnBlend(dataset, parts, {
            ...native,
            excludeSeen: options.excludeSeen,
            candidates: options.candidates ?? DEFAULT_CANDIDATES,
          }),
        )
      : null;
  const models =
    blended?.models ??
    call(() =>
      learning.createModels({ items, ...parts, attention: NO_ATTENTION, blend: only(wanted === 'engine' ? 'rules' : wanted), excludeSeen }),
    );
  const made = models.parts();
  const chosen = blended ? chosenOf(blended.trials, made) : bestOf((ruled ?? factored)?.trials ?? []);
  const report: TrainReport = {
    seed: options.seed,
    threads: options.threads,
    rules: ruled && { settings: ruled.settings, trials: ruled.trials },
    factors: factored && { settings: factored.settings, trials: factored.trials },
    blend: blended && {
      settings: { ...made.attention },
      trials: blended.trials,
      weights: weightsByName(made),
      excludeSeen: made.excludeSeen,
    },
    excludeSeen: made.excludeSeen,
    validation: validation && chosen && { cases: validation.targetOffsets.length - 1, ndcg: chosen.ndcg, recall: chosen.recall },
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
  { items, train }: Omit<TrainingData, 'validation'>,
  options: TrainModelsOptions,
  run = new Run(options),
): Promise<TrainedModels> {
  const { learning } = native();
  const dataset = call(() => learning.createDataset(items, train, null));
  const popularity = countPopularity(items, train);
  await turn();
  const { rules, factors, excludeSeen } = report;
  const ruled =
    rules &&
    (await run.job('refit', (native) => learning.fitRules(dataset, rules.settings, { ...native, excludeSeen }), { index: 0, of: 2 }));
  const factored =
    factors &&
    (await run.job('refit', (native) => learning.fitFactors(dataset, factors.settings, { ...native, excludeSeen }), { index: 1, of: 2 }));
  const refitted = call(() =>
    learning.createModels({ ...models.parts(), items, rules: ruled?.rules ?? null, factors: factored?.factors ?? null, popularity }),
  );
  return { models: refitted, report: { ...report, refitted: true, seconds: run.seconds } };
}
