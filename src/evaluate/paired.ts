/** Two models on the same cases: how much better one is, and how sure that is. */

import { refuse } from '../options.js';
import type { Protocol } from './protocols.js';
import type { EvaluationModel } from './run.js';

/** Models that say what can be had without learning much: a model is compared with the best of those beside it. */
const COMPARED_WITH: readonly EvaluationModel[] = ['popularity', 'repeat', 'rules', 'tfidf', 'category', 'item-knn', 'session-knn'];

/** Those that take seconds: a shop's own events are never measured without them, where one of these is measured alone. */
const CHEAP: readonly EvaluationModel[] = ['popularity', 'repeat', 'rules'];
const ACCOMPANIED: readonly EvaluationModel[] = ['engine', ...CHEAP];

/** What is evaluated beside a single model, so that there is something to compare it with. */
export function companionsOf(models: readonly EvaluationModel[], protocol: Protocol): readonly EvaluationModel[] {
  const [model, ...more] = models;
  if (protocol !== 'temporal' || model === undefined || more.length > 0 || !ACCOMPANIED.includes(model)) return [];
  return CHEAP.filter((cheap) => cheap !== model);
}

export interface PairedDifference {
  /** Mean over cases of the model's figure less the baseline's. */
  difference: number;
  /** Standard error of that mean: the sample deviation of the differences over the root of their number. NaN for a single case. */
  standardError: number;
  /** Where the difference lies with 95 % confidence: 1.96 standard errors to either side, as means of many cases are normal. */
  interval: [low: number, high: number];
}

/** The quantile .975 of the normal distribution. */
const NORMAL = 1.959963984540054;

/**
 * Pairs the figures of two models case by case. That is much surer than their means apart: what makes a case hard for one makes it
 * hard for both, and falls out of the difference.
 */
export function pairedDifference(model: ArrayLike<number>, baseline: ArrayLike<number>): PairedDifference {
  if (model.length !== baseline.length) refuse('baseline', `${model.length} figures, one for each case`, baseline.length);
  if (model.length === 0) refuse('model', 'figures of one case at least', 0);
  const differences = Float64Array.from(model, (figure, index) => figure - (baseline[index] ?? 0));
  const difference = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const squares = differences.reduce((sum, value) => sum + (value - difference) ** 2, 0);
  const standardError = Math.sqrt(squares / (differences.length - 1) / differences.length);
  return { difference, standardError, interval: [difference - NORMAL * standardError, difference + NORMAL * standardError] };
}

export interface Measured {
  model: EvaluationModel;
  /** Figures by case. */
  figures: Float64Array;
}

export interface Comparison extends PairedDifference {
  baseline: EvaluationModel;
  /** The baseline's mean. */
  mean: number;
}

const meanOf = ({ figures }: Measured): number => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;

/** A model against the best baseline of those that were measured on the same cases; null where there is no other. */
export function compareWithBest(model: Measured, measured: readonly Measured[]): Comparison | null {
  const others = measured.filter((other) => other.model !== model.model && COMPARED_WITH.includes(other.model));
  const best = others.reduce<Measured | null>((first, other) => (first !== null && meanOf(first) >= meanOf(other) ? first : other), null);
  return best && { baseline: best.model, mean: meanOf(best), ...pairedDifference(model.figures, best.figures) };
}
