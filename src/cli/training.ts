/** Training in words: its progress, and what came of it. */

import type { Phase, TrainProgress, TrainReport } from '../learn/types.js';
import { OUTCOMES } from '../shopper/next-event.js';
import { plural } from './output.js';
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
  next: 'learning what comes next',
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

/** How many items the descriptions cover, by modality; nothing where none are read. */
export function coverageWords({ content }: TrainReport): string[] {
  if (!content?.coverage) return [];
  const shares = Object.entries(content.coverage).map(([name, share]) => `${name} ${percent(share)}`);
  return [`described by ${shares.join(', ')}; ${plural(content.undescribed ?? 0, 'item')} by nothing`];
}

/** A share that is neither none nor all does not look like it. */
function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share < 1 && share > 0.99) return '> 99 %';
  return `${Math.round(100 * share)} %`;
}

/** How well the next event is foretold; nothing where it is not. */
export function nextEventWords({ next }: TrainReport): string[] {
  if (!next) return [];
  const orders = OUTCOMES.map((outcome) => `${outcome} ${next.outcomes[outcome].auc?.toFixed(3) ?? 'never came'}`);
  return [
    `next event: AUC of ${orders.join(', ')}; calibration error ${next.calibrationError.toFixed(3)}, log loss ${next.logLoss.toFixed(3)} (${next.logLossOfShares.toFixed(3)} by shares alone)`,
  ];
}

/** A length of time as somebody who waits reads it. */
function remaining(millis: number): string {
  const seconds = Math.ceil(millis / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
