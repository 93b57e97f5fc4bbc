/** A model against the best baseline, as `kairank evaluate` prints it. */

import type { Comparison } from '../evaluate/paired.js';
import { rounded } from './output.js';

export function comparisonReport(comparison: Comparison): object {
  const { baseline, mean, difference, standardError, interval } = comparison;
  return {
    model: baseline,
    'ndcg@10': rounded(mean),
    difference: rounded(difference),
    standardError: rounded(standardError),
    interval: interval.map(rounded),
  };
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;

export function comparisonWords({ baseline, mean, difference, standardError, interval }: Comparison): string {
  const [low, high] = interval.map(signed);
  const sure = Number.isNaN(standardError)
    ? 'a single case'
    : `standard error ${standardError.toFixed(4)}, 95 % interval ${low} to ${high}, paired by case`;
  return `ndcg@10 ${signed(difference)} against ${baseline} (${mean.toFixed(4)}): ${sure}`;
}
