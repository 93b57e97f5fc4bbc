/** Training in words: its progress, and what came of the ranker. */

import type { Phase, TrainProgress, TrainReport } from '../learn/types.js';
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

/** Whether the ranker is used, and what it reached on validation; nothing where none was wanted. */
export function rankerWords({ ranker }: TrainReport): string[] {
  if (!ranker) return [];
  const { used, with: reached, without, error, shown, trials } = ranker;
  if (trials.length === 0) return ['no ranker: too few shoppers to learn one from'];
  const verdict = used ? 'ranker used' : 'ranker tried, not used';
  const lists = shown > 0 ? `; ${shown} lists that were shown taught it, too` : '';
  return [
    `${verdict}: validation NDCG@10 ${reached.ndcg.toFixed(4)} against ${without.ndcg.toFixed(4)}, standard error ${error.toFixed(4)}${lists}`,
  ];
}

/** A length of time as somebody who waits reads it. */
function remaining(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
