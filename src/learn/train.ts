/** A training run over the native learners: rules, sessions, factors and the sequence model, then the blend of all sources. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { attributeValues, layoutOf } from '../catalog/attributes.js';
import { type Coverage, coverageOf, type Cuts, modalitiesOf } from '../catalog/content.js';
import { KairankError } from '../errors.js';
import { call, throwIfAborted } from '../jobs.js';
import {
  type NativeContentData,
  type NativeModelParts,
  type NativeModels,
  native,
  SOURCES,
  type SourceName,
  type Trial,
} from '../native.js';
import { addRanker } from './ranker.js';
import { Run, turn } from './run.js';
import { periodEarlier } from './period.js';
import { countReturns } from './returns.js';
import { countPopularity, hasSequences, repeatShare } from './slice.js';
import type { LearnedSequence, TrainedModels, TrainingData, TrainModelsOptions, TrainReport } from './types.js';

/** What a set of one model says of attention, which it does not have. */
const NO_ATTENTION: NativeModelParts['attention'] = { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 };
const DEFAULT_CANDIDATES = 500;
/** How the files begin that a stopped training goes on from. */
const CHECKPOINT = '.checkpoint-';
/** A second fit takes about as long as the epochs of the first, and the rest a little more. */
const SPARE = 1.3;
/** Seconds. */
export const DEFAULT_BUDGET = 600;
/** Seconds that a learner gets when the budget is used up. */
const LEAST_SECONDS = 1e-3;
/** Share of the budget's rest that the sequence model gets: where it will be fitted again, where a ranker is to learn, and else. */
const SEQUENCE_SHARE = { refit: 0.42, ranked: 0.55, once: 0.85 };
/** Share of the budget's rest after which the factors get no larger: in the blend, alone, and alone to be fitted again. */
const FACTOR_SHARE = { blended: 0.2, once: 0.8, refit: 0.55 };
/** Most factors of an item: of those that a request scans beside other sources, and of those that stand alone. */
const SERVED_DIM = 128;
const ALONE_DIM = 512;
/** Days that count as recent. */
const RECENT = 30;
/** Seconds in which even a small shop's sequences can be learned from. */
const LEAST_SEQUENCE_SECONDS = 0.5;
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

/** What is known of the items, in native memory; null where nothing is. */
function contentOf(
  { items, content, catalogued = items }: Pick<TrainingData, 'items' | 'content' | 'catalogued'>,
  cuts = new Map<string, Cuts>(),
): { native: NativeContentData; modalities: string[]; coverage: Coverage; cuts: Record<string, Cuts> } | null {
  if (!content || content.length === 0) return null;
  const modalities = modalitiesOf(content, cuts);
  return {
    native: call(() => native().learning.createContent(items, modalities)),
    modalities: modalities.map(({ name }) => name),
    coverage: coverageOf(modalities, items, catalogued),
    cuts: Object.fromEntries(cuts),
  };
}

/** Where the state of a sequence training is kept, in the folder of checkpoints. */
function checkpointOf({ checkpoints }: TrainModelsOptions, name: string): string | null {
  return checkpoints === undefined ? null : join(checkpoints, `${CHECKPOINT}${name}`);
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
  // Seconds: a share of what is left of the budget, and never none, which would mean no limit.
  const rest = (share: number): number => Math.max(LEAST_SECONDS, (budget - run.seconds) * share);
  const dataset = call(() => learning.createDataset(items, train, validation));
  const popularity = countPopularity(items, train);
  const recent = countPopularity(items, train, RECENT);
  const returns = countReturns(items, train);
  await turn();
  const excludeSeen = options.excludeSeen ?? (validation ? repeatShare(validation) <= REPEATS_MATTER : true);
  const ruled =
    wanted === 'engine' || wanted === 'rules' || wanted === 'item-knn'
      ? await run.job('rules', (native) => learning.learnRules(dataset, { ...native, excludeSeen, sequential: wanted !== 'item-knn' }))
      : null;
  const sessioned =
    wanted === 'engine' || wanted === 'sessions'
      ? await run.job('sessions', (native) => learning.learnSessions(dataset, { ...native, excludeSeen }))
      : null;
  const factored =
    wanted === 'engine' || wanted === 'factors'
      ? await run.job('factors', (native) =>
          learning.learnFactors(dataset, {
            ...native,
            excludeSeen,
            maxDim: wanted === 'factors' ? ALONE_DIM : SERVED_DIM,
            budget: rest(FACTOR_SHARE[wanted === 'engine' ? 'blended' : options.refit === true ? 'refit' : 'once']),
          }),
        )
      : null;
  const described = wanted === 'engine' || wanted === 'content' ? contentOf(data) : null;
  const toldApart = described
    ? await run.job('content', (native) => learning.learnContent(dataset, described.native, { ...native, newRows: data.newRows ?? null }))
    : null;
  const ranked = wanted === 'engine' && validation !== null && options.ranker !== false;
  const layout = ranked && data.content ? layoutOf(data.content) : null;
  const attributes = layout && call(() => learning.createAttributes(items, attributeValues(items, data.content ?? [], layout)));
  const forSequence = rest(SEQUENCE_SHARE[options.refit === true ? 'refit' : ranked ? 'ranked' : 'once']);
  const possible = hasSequences(train) && forSequence >= LEAST_SEQUENCE_SECONDS;
  const sequenced =
    wanted === 'sequence' || (wanted === 'engine' && possible)
      ? await run.job('sequence', (native) =>
          learning.learnSequence(
            dataset,
            {},
            { ...native, excludeSeen, budget: forSequence, checkpoint: checkpointOf(options, 'sequence') },
          ),
        )
      : null;
  const parts = {
    rules: ruled?.rules ?? null,
    factors: factored?.factors ?? null,
    sequence: sequenced?.sequence ?? null,
    sessions: sessioned?.sessions ?? null,
    content: toldApart?.content ?? null,
    attributes,
    popularity,
    recent,
    returns,
  };
  const how = {
    rules: ruled && { settings: ruled.settings, trials: ruled.trials },
    sessions: sessioned && { settings: sessioned.settings, trials: sessioned.trials },
    factors: factored && { settings: factored.settings, trials: factored.trials },
    sequence: sequenced && { settings: sequenced.settings, trials: sequenced.trials, report: sequenced.report },
    content: described &&
      toldApart && {
        settings: toldApart.settings,
        trials: toldApart.trials,
        modalities: described.modalities,
        ...described.coverage,
        cuts: described.cuts,
      },
  };
  const aged = wanted === 'engine' && options.refit !== true ? await agedParts({ ...how, excludeSeen, budget }, data, options, run) : null;
  const blended =
    wanted === 'engine'
      ? await run.job('blend', (native) =>
          learning.learnBlend(
            dataset,
            { ...parts, ...aged },
            {
              ...native,
              excludeSeen: options.excludeSeen,
              candidates,
            },
          ),
        )
      : null;
  const models =
    (blended && aged ? withParts(blended.models, parts) : blended?.models) ??
    call(() =>
      learning.createModels({
        items,
        ...parts,
        ranker: null,
        attention: NO_ATTENTION,
        blend: only(wanted === 'engine' || wanted === 'item-knn' ? 'rules' : wanted),
        excludeSeen,
      }),
    );
  const made = models.parts();
  const chosen = blended
    ? chosenOf(blended.trials, made)
    : (bestOf((ruled ?? sessioned ?? factored ?? toldApart)?.trials ?? []) ?? reached(sequenced));
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

/** Single models, as the blend puts them together. */
type Parts = Pick<NativeModelParts, 'rules' | 'factors' | 'sequence' | 'sessions' | 'content' | 'popularity' | 'recent' | 'returns'>;
/** The settings of single models, and what fitting them is bound by. */
type How = Pick<TrainReport, 'rules' | 'sessions' | 'factors' | 'sequence' | 'content' | 'excludeSeen' | 'budget'>;

/** Single models of the chosen settings, fitted to other data. */
async function fitParts(
  how: How,
  { items, train, content }: Pick<TrainingData, 'items' | 'train' | 'content'>,
  options: TrainModelsOptions,
  run: Run,
  phase: 'refit' | 'ranker' | 'blend',
): Promise<Parts> {
  const { learning } = native();
  const dataset = call(() => learning.createDataset(items, train, null));
  const popularity = countPopularity(items, train);
  const recent = countPopularity(items, train, RECENT);
  const returns = countReturns(items, train);
  await turn();
  const { rules, sessions, factors, sequence, content: tower, excludeSeen, budget } = how;
  // The ranker's own lessons are the other half of its phase.
  const of = phase === 'refit' ? 5 : 10;
  const ruled =
    rules && (await run.job(phase, (native) => learning.fitRules(dataset, rules.settings, { ...native, excludeSeen }), { index: 0, of }));
  const sessioned =
    sessions &&
    (await run.job(phase, (native) => learning.fitSessions(dataset, sessions.settings, { ...native, excludeSeen }), { index: 1, of }));
  const factored =
    factors &&
    (await run.job(phase, (native) => learning.fitFactors(dataset, factors.settings, { ...native, excludeSeen }), { index: 2, of }));
  const described = tower && contentOf({ items, content }, new Map(Object.entries(tower.cuts)));
  const toldApart =
    described &&
    (await run.job(phase, (native) => learning.fitContent(dataset, described.native, tower.settings, { ...native, excludeSeen }), {
      index: 3,
      of,
    }));
  const sequenced =
    sequence &&
    (await run.job(
      phase,
      (native) =>
        learning.learnSequence(dataset, sequence.settings, {
          ...native,
          excludeSeen,
          budget: Math.max(LEAST_SEQUENCE_SECONDS, budget - run.seconds),
          checkpoint: checkpointOf(options, phase),
        }),
      { index: 4, of },
    ));
  return {
    rules: ruled?.rules ?? null,
    factors: factored?.factors ?? null,
    sequence: sequenced?.sequence ?? null,
    sessions: sessioned?.sessions ?? null,
    content: toldApart?.content ?? null,
    popularity,
    recent,
    returns,
  };
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

/** Seconds that fitting the chosen settings once more should take: about as long as the epochs of the first fit, and a little more. */
export function secondFit({ sequence }: Pick<TrainReport, 'sequence'>): number {
  return SPARE * (sequence?.report.epochs.reduce((sum, { seconds }) => sum + seconds, 0) ?? 0);
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
