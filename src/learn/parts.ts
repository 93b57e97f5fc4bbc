/** Single models: learned as validation says, and fitted again to other data. */

import { join } from 'node:path';
import { type Coverage, coverageOf, type Cuts, modalitiesOf } from '../catalog/content.js';
import { call } from '../jobs.js';
import { type NativeContentData, type NativeDataset, type NativeHistories, type NativeModelParts, native } from '../native.js';
import { countReturns } from './returns.js';
import { type Run, turn } from './run.js';
import { countPopularity, hasSequences } from './slice.js';
import type { TrainingData, TrainModelsOptions, TrainReport } from './types.js';

/** How the files begin that a stopped training goes on from. */
const CHECKPOINT = '.checkpoint-';
/** A second fit takes about as long as the epochs of the first, and the rest a little more. */
const SPARE = 1.3;
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

/** Single models, as the blend puts them together. */
export type Parts = Pick<NativeModelParts, 'rules' | 'factors' | 'sequence' | 'sessions' | 'content' | 'popularity' | 'recent' | 'returns'>;
/** The settings of single models, and what fitting them is bound by. */
export type How = Pick<TrainReport, 'rules' | 'sessions' | 'factors' | 'sequence' | 'content' | 'excludeSeen' | 'budget'>;
/** How they came to be. */
type Learned = Omit<How, 'excludeSeen' | 'budget'>;

/** What the single models are asked for and bound by. */
interface PartsOptions extends TrainModelsOptions {
  models: NonNullable<TrainModelsOptions['models']>;
  budget: number;
  excludeSeen: boolean;
  /** Whether a ranker is to learn from them. */
  ranked: boolean;
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

/** What is counted of the events, beside the models that are fitted to them. */
type Counts = Pick<Parts, 'popularity' | 'recent' | 'returns'>;

async function countsOf(items: number, train: NativeHistories): Promise<Counts> {
  const popularity = countPopularity(items, train);
  const recent = countPopularity(items, train, RECENT);
  const returns = countReturns(items, train);
  await turn();
  return { popularity, recent, returns };
}

/** What the learners gave, each where it was asked. */
interface Given {
  ruled: Pick<Parts, 'rules'> | null;
  sessioned: Pick<Parts, 'sessions'> | null;
  factored: Pick<Parts, 'factors'> | null;
  sequenced: Pick<Parts, 'sequence'> | null;
  toldApart: Pick<Parts, 'content'> | null;
}

function together({ ruled, sessioned, factored, sequenced, toldApart }: Given, counts: Counts): Parts {
  return {
    rules: ruled?.rules ?? null,
    factors: factored?.factors ?? null,
    sequence: sequenced?.sequence ?? null,
    sessions: sessioned?.sessions ?? null,
    content: toldApart?.content ?? null,
    ...counts,
  };
}

/** Learns the single models that are wanted, each with the settings that are best on validation. */
export async function learnParts(
  data: TrainingData,
  dataset: NativeDataset,
  options: PartsOptions,
  run: Run,
): Promise<{ parts: Parts; how: Learned }> {
  const { learning } = native();
  const { items, train } = data;
  const { models: wanted, budget, excludeSeen, ranked } = options;
  // Seconds: a share of what is left of the budget, and never none, which would mean no limit.
  const rest = (share: number): number => Math.max(LEAST_SECONDS, (budget - run.seconds) * share);
  const counts = await countsOf(items, train);
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
  const parts = together({ ruled, sessioned, factored, sequenced, toldApart }, counts);
  const how: Learned = {
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
  return { parts, how };
}

/** Seconds that fitting the chosen settings once more should take: about as long as the epochs of the first fit, and a little more. */
export function secondFit({ sequence }: Pick<TrainReport, 'sequence'>): number {
  return SPARE * (sequence?.report.epochs.reduce((sum, { seconds }) => sum + seconds, 0) ?? 0);
}

/** Single models of the chosen settings, fitted to other data. */
export async function fitParts(
  how: How,
  { items, train, content }: Pick<TrainingData, 'items' | 'train' | 'content'>,
  options: TrainModelsOptions,
  run: Run,
  phase: 'refit' | 'ranker' | 'blend',
): Promise<Parts> {
  const { learning } = native();
  const dataset = call(() => learning.createDataset(items, train, null));
  const counts = await countsOf(items, train);
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
  // Of what came earlier, nobody may have gone on yet.
  const sequenced =
    sequence && hasSequences(train)
      ? await run.job(
          phase,
          (native) =>
            learning.learnSequence(dataset, sequence.settings, {
              ...native,
              excludeSeen,
              budget: Math.max(LEAST_SEQUENCE_SECONDS, budget - run.seconds),
              checkpoint: checkpointOf(options, phase),
            }),
          { index: 4, of },
        )
      : null;
  return together({ ruled, sessioned, factored, sequenced, toldApart }, counts);
}
