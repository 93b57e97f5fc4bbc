/** A training run over the native learners: single models first, then the blend of all sources, then the ranker. */

import { availableParallelism } from 'node:os';
import { attributeValues, layoutOf } from '../catalog/attributes.js';
import { KairankError } from '../errors.js';
import { call, throwIfAborted } from '../jobs.js';
import { type NativeModelParts, type NativeModels, native, SOURCES, type SourceName, type Trial } from '../native.js';
import { fitParts, type How, learnParts, type Parts, secondFit } from './parts.js';
import { periodEarlier } from './period.js';
import { addRanker } from './ranker.js';
import { Run } from './run.js';
import { repeatShare } from './slice.js';
import type { LearnedSequence, TrainedModels, TrainingData, TrainModelsOptions, TrainReport } from './types.js';

/** What a set of one model says of attention, which it does not have. */
const NO_ATTENTION: NativeModelParts['attention'] = { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 };
const DEFAULT_CANDIDATES = 500;
/** Seconds. */
export const DEFAULT_BUDGET = 600;
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

/** What a sequence model reached in the epoch that was kept. */
function reached(learned: LearnedSequence | null): { ndcg: number; recall: number } | null {
  if (!learned) return null;
  const { epochs, resumed, bestEpoch } = learned.report;
  return epochs[bestEpoch - 1 - resumed] ?? null;
}

/** The blend of a set of one model: that model, with a word for popularity where it has none. */
function only(source: SourceName): NativeModelParts['blend'] {
  return { weight: SOURCES.map((one) => Number(one === source)), missing: SOURCES.map(() => 0) };
}

/** Numbers in the order of the sources, by name. */
function bySource(numbers: readonly number[]): Record<SourceName, number> {
  const [rules = 0, factors = 0, attention = 0, popularity = 0, sequence = 0, sessions = 0, content = 0, repeats = 0] = numbers;
  return { rules, factors, attention, popularity, sequence, sessions, content, repeats };
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
  const { models: wanted = 'engine', budget = DEFAULT_BUDGET, candidates = DEFAULT_CANDIDATES } = options;
  const dataset = call(() => learning.createDataset(items, train, validation));
  const excludeSeen = options.excludeSeen ?? (validation ? repeatShare(validation) <= REPEATS_MATTER : true);
  const ranked = wanted === 'engine' && validation !== null && options.ranker !== false;
  const { parts, how } = await learnParts(data, dataset, { ...options, models: wanted, budget, excludeSeen, ranked }, run);
  const layout = ranked && data.content ? layoutOf(data.content) : null;
  const attributes = layout && call(() => learning.createAttributes(items, attributeValues(items, data.content ?? [], layout)));
  const aged = wanted === 'engine' && options.refit !== true ? await agedParts({ ...how, excludeSeen, budget }, data, options, run) : null;
  const blended =
    wanted === 'engine'
      ? await run.job(
          'blend',
          (native) =>
            learning.learnBlend(dataset, { ...parts, attributes, ...aged }, { ...native, excludeSeen: options.excludeSeen, candidates }),
          aged ? { index: 1, of: 2 } : undefined,
        )
      : null;
  const models =
    (blended && aged ? withParts(blended.models, parts) : blended?.models) ??
    call(() =>
      learning.createModels({
        items,
        ...parts,
        attributes,
        ranker: null,
        attention: NO_ATTENTION,
        blend: only(wanted === 'engine' || wanted === 'item-knn' ? 'rules' : wanted),
        excludeSeen,
      }),
    );
  const made = models.parts();
  const chosen = blended
    ? chosenOf(blended.trials, made)
    : (bestOf((how.rules ?? how.sessions ?? how.factors ?? how.content)?.trials ?? []) ?? reached(how.sequence));
  const report: TrainReport = {
    seed: options.seed,
    threads: options.threads,
    ...how,
    sessions: made.sessions && how.sessions,
    sequence: made.sequence && how.sequence,
    blend: blended && {
      settings: { ...made.attention },
      trials: blended.trials,
      weights: bySource(made.blend.weight),
      missing: bySource(made.blend.missing),
      excludeSeen: made.excludeSeen,
    },
    attributes: layout,
    ranker: null,
    next: null,
    excludeSeen: made.excludeSeen,
    validation: validation && chosen && { cases: validation.targetOffsets.length - 1, ndcg: chosen.ndcg, recall: chosen.recall },
    refitted: false,
    budget,
    seconds: run.seconds,
  };
  if (!ranked) return { models, report };
  const ordered = await addRanker({ models, report }, data, { ...options, budget, candidates }, run);
  if (ordered.report.ranker?.used === true || !layout) return ordered;
  // Nobody else reads what the catalogue says in few words.
  const without = { ...ordered.models.parts(), attributes: null };
  return { models: call(() => learning.createModels(without)), report: { ...ordered.report, attributes: null } };
}

/** The blend of other models of the same kinds; what it goes without, it goes without here. */
function withParts(models: NativeModels, { sequence, sessions, ...parts }: Parts): NativeModels {
  const made = models.parts();
  return call(() =>
    native().learning.createModels({ ...made, ...parts, sequence: made.sequence && sequence, sessions: made.sessions && sessions }),
  );
}

/**
 * The chosen single models as they were one period before validation, for the blend to learn from: between two trainings models grow
 * old while shoppers go on, and new items are strangers to them. Null where validation is not cut by time, or time is short.
 */
async function agedParts(how: How, data: TrainingData, options: TrainModelsOptions, run: Run): Promise<Parts | null> {
  const earlier = data.period && data.validation && periodEarlier(data.train, data.period);
  if (!earlier || run.seconds + secondFit(how) > how.budget) return null;
  return fitParts(how, { ...data, train: earlier }, options, run, 'blend');
}

/**
 * Fits models of the same settings on other data, nothing chosen.
 * @throws KairankError KAIRANK_ABORTED
 */
export async function refitModels(
  { models, report }: TrainedModels,
  data: Omit<TrainingData, 'validation' | 'newRows'>,
  options: TrainModelsOptions,
  run = new Run(options),
  phase: 'refit' | 'ranker' = 'refit',
): Promise<TrainedModels> {
  const parts = await fitParts(report, data, options, run, phase);
  const refitted = call(() => native().learning.createModels({ ...models.parts(), items: data.items, ...parts }));
  return { models: refitted, report: { ...report, refitted: true, seconds: run.seconds } };
}
