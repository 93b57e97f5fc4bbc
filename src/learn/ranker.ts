/**
 * The ranker's lessons. It listens to models, so it must not learn from what they have learned by heart: what some
 * shoppers took last is cut from training, models of the settings that were chosen are fitted to the rest, and what those say
 * of it teaches the ranker. It then serves, frozen, with the models of the whole. Where the shop logs impressions, so do
 * the lists that were shown after each shopper's cut: an item that was seen and left says more than one that nobody
 * recalled, and the list says at which position it stood, which training alone is told.
 */

import { type NativeCases, native, type NativeModelParts } from '../native.js';
import { call } from '../jobs.js';
import { listsAfter } from './impressions.js';
import type { Run } from './run.js';
import { sliceMoments } from './period.js';
import { type Slice, sliceHistories, sliceItems } from './slice.js';
import { secondFit } from './parts.js';
import { refitModels } from './train.js';
import type { TrainedModels, TrainingData, TrainModelsOptions } from './types.js';

/** Shoppers whose last basket teaches. */
const MOST_TAUGHT = 12_000;

/**
 * The lessons ask as validation does: from moments on, or for the last of everybody, whole baskets or single items whatever came with
 * them. And as requests will, of shoppers who went on since training: without that the ranker trusts what the models know by heart of a
 * shopper's own last event, and gains on validation what it does not keep.
 */
function lessonsOf({ train, period }: TrainingData, validation: NativeCases, { seed, goals }: TrainModelsOptions): Slice {
  const byMoment = period && sliceMoments(train, period, MOST_TAUGHT, seed, goals);
  if (byMoment?.validation) return byMoment;
  const single = validation.targets.length < validation.targetOffsets.length;
  return (single ? sliceItems : sliceHistories)(train, MOST_TAUGHT, seed, true, goals);
}

/**
 * The same models with a ranker, where it orders the validation cases better by more than two standard errors.
 * @throws KairankError KAIRANK_ABORTED
 */
export async function addRanker(
  trained: TrainedModels,
  data: TrainingData,
  options: TrainModelsOptions & { budget: number; candidates: number },
  run: Run,
): Promise<TrainedModels> {
  const { validation } = data;
  if (!validation || run.seconds + secondFit(trained.report) > options.budget) return trained;
  const { train, validation: taught } = lessonsOf(data, validation, options);
  if (!taught) return trained;
  const before = await refitModels(trained, { ...data, train }, options, run, 'ranker');
  const shown = data.shown ? listsAfter(data.shown, data.train, train, options.seed) : null;
  const { learning } = native();
  const learned = await run.job(
    'ranker',
    (job) => learning.learnRanker(before.models, taught, trained.models, validation, { ...job, candidates: options.candidates, shown }),
    { index: 1, of: 2 },
  );
  const { ranker, ...told } = learned;
  const report = { ...trained.report, ranker: { ...told, used: ranker !== null }, seconds: run.seconds };
  if (!ranker) return { ...trained, report };
  const parts: NativeModelParts = { ...trained.models.parts(), ranker };
  return {
    models: call(() => learning.createModels(parts)),
    report: { ...report, validation: report.validation && { ...report.validation, ...learned.with } },
  };
}
