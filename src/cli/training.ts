/** Progress of training, in words. */

import type { Phase, TrainProgress } from '../learn/types.js';
import type { Progress } from './progress.js';

const TASKS: Record<Phase, string> = {
  rules: 'learning rules',
  sessions: 'learning sessions',
  content: 'learning what items are about',
  factors: 'learning factors',
  sequence: 'learning sequences',
  ranker: 'learning to rank',
  blend: 'learning the blend',
  refit: 'fitting on everything',
  save: 'saving',
};

export function showTraining(progress: Progress): (state: TrainProgress) => void {
  return ({ phase, fraction, ndcg, loss, left }) => {
    const notes = [
      ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
      ...(ndcg === undefined ? [] : [`validation NDCG@10 ${ndcg.toFixed(4)}`]),
      ...(left === undefined || fraction >= 1 ? [] : [`${remaining(left)} left`]),
    ];
    progress.update(TASKS[phase], fraction, notes.join(', '));
  };
}

/** A length of time as somebody who waits reads it. */
function remaining(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
