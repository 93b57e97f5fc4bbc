/** A training run over the native learners. */

import { KairankError } from '../errors.js';
import type { TrainedModels, TrainingData, TrainModelsOptions } from './types.js';

/** Trains on a split that it receives: never splits, never refits. Evaluation and `Engine.train` both call it. */
export async function trainModels(_data: TrainingData, _options: TrainModelsOptions): Promise<TrainedModels> {
  throw new KairankError('KAIRANK_INTERNAL', 'being built');
}
