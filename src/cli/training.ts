/** Progress of training, in words. */

import type { Phase, TrainProgress } from '../learn/types.js';
import type { Progress } from './progress.js';

const TASKS: Record<Phase, string> = {
  rules: 'learning rules',
  factors: 'learning factors',
  blend: 'learning the blend',
  refit: 'fitting on everything',
  save: 'saving',
};

export function showTraining(progress: Progress): (state: TrainProgress) => void {
  return ({ phase, fraction, ndcg }) => {
    progress.update(TASKS[phase], fraction, ndcg === undefined || Number.isNaN(ndcg) ? '' : `validation NDCG@10 ${ndcg.toFixed(4)}`);
  };
}
