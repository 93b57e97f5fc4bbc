/**
 * Metrics of probabilities: of a yes or no (label 1 or 0) for each of some pairs.
 *
 *   auc               share of (1, 0) pairs in the right order by score, ties half (Mann & Whitney 1947)
 *   groupedAuc        its mean over the groups that have both labels, weighted by their size (GAUC; Zhu et al. 2017); and unweighted
 *   logLoss           mean of -ln p of the label that came; probabilities are clipped to [1e-7, 1 - 1e-7]
 *   brier             mean of (p - label)^2 (Brier 1950)
 *   calibrationError  mean over bins of |mean p - share of 1|, weighted by their size (ECE; Naeini et al. 2015); bins of equal counts
 *
 * NaN as a score is the lowest, tied with other NaN; as a probability it is refused.
 */

import { refuse } from '../options.js';

/** How far a probability stays from 0 and 1 in the log loss: a single certain mistake must not outweigh all else. */
export const CLIP = 1e-7;
/** Bins of the reliability table where nobody says how many. */
export const BINS = 15;

function checkLabels(labels: ArrayLike<number>, other: ArrayLike<number>, name: string): void {
  if (other.length !== labels.length) refuse(name, `${labels.length} numbers, one for each label`, other.length);
  const wrong = Array.from(labels).find((label) => label !== 0 && label !== 1);
  if (wrong !== undefined) refuse('labels', '0 or 1', wrong);
}

function checkProbabilities(labels: ArrayLike<number>, probabilities: ArrayLike<number>): void {
  checkLabels(labels, probabilities, 'probabilities');
  if (labels.length === 0) refuse('labels', 'one label at least', 0);
  const wrong = Array.from(probabilities).find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) refuse('probabilities', 'numbers from 0 to 1', wrong);
}

/** AUC of some of the pairs; undefined where they do not have both labels. */
function aucOf(labels: ArrayLike<number>, scores: ArrayLike<number>, pairs: Uint32Array): number | undefined {
  const score = (pair: number): number => {
    const value = scores[pair] ?? Number.NaN;
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  };
  // Subtraction would make NaN of two equal infinities.
  const order = pairs.slice().sort((a, b) => (score(a) < score(b) ? -1 : score(a) > score(b) ? 1 : 0));
  let [won, positives, negatives] = [0, 0, 0];
  for (let first = 0; first < order.length; ) {
    let [ones, zeros, end] = [0, 0, first];
    for (; end < order.length && score(order[end] ?? 0) === score(order[first] ?? 0); end++) {
      if (labels[order[end] ?? 0] === 1) ones++;
      else zeros++;
    }
    won += ones * (negatives + zeros / 2);
    positives += ones;
    negatives += zeros;
    first = end;
  }
  return positives > 0 && negatives > 0 ? won / positives / negatives : undefined;
}

/** NaN where there are not both labels. */
export function auc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  checkLabels(labels, scores, 'scores');
  return (
    aucOf(
      labels,
      scores,
      Uint32Array.from({ length: labels.length }, (_, pair) => pair),
    ) ?? Number.NaN
  );
}

export interface GroupedAuc {
  /** Mean over groups, a group counting as many times as it has pairs; NaN where no group counts. */
  weighted: number;
  /** Mean over groups, each counting once. */
  unweighted: number;
  /** Groups that have both labels, and all of them. */
  counted: number;
  groups: number;
}

/** @param groups which group each pair belongs to, by any number. */
export function groupedAuc(labels: ArrayLike<number>, scores: ArrayLike<number>, groups: ArrayLike<number>): GroupedAuc {
  checkLabels(labels, scores, 'scores');
  checkLabels(labels, groups, 'groups');
  const pairsOf = new Map<number, number[]>();
  for (const [pair, group] of Array.from(groups).entries()) {
    const own = pairsOf.get(group) ?? [];
    own.push(pair);
    pairsOf.set(group, own);
  }
  let [sum, weights, weighted, counted] = [0, 0, 0, 0];
  for (const pairs of pairsOf.values()) {
    const own = aucOf(labels, scores, Uint32Array.from(pairs));
    if (own === undefined) continue;
    sum += own;
    weighted += own * pairs.length;
    weights += pairs.length;
    counted++;
  }
  return { weighted: weighted / weights, unweighted: sum / counted, counted, groups: pairsOf.size };
}

/** Nats. */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  checkProbabilities(labels, probabilities);
  let sum = 0;
  for (let pair = 0; pair < labels.length; pair++) {
    const clipped = Math.min(Math.max(probabilities[pair] ?? 0, CLIP), 1 - CLIP);
    sum -= Math.log(labels[pair] === 1 ? clipped : 1 - clipped);
  }
  return sum / labels.length;
}

export function brier(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  checkProbabilities(labels, probabilities);
  let sum = 0;
  for (let pair = 0; pair < labels.length; pair++) sum += ((probabilities[pair] ?? 0) - (labels[pair] ?? 0)) ** 2;
  return sum / labels.length;
}

/** A row of the reliability table. */
export interface ReliabilityBin {
  /** Lowest and highest probability. */
  from: number;
  to: number;
  pairs: number;
  /** Mean probability, and share of label 1: the same where probabilities hold. */
  predicted: number;
  observed: number;
}

/**
 * Pairs by ascending probability, in bins of equal counts. Equal probabilities are never parted, whose order would be chance: a bin
 * ends after the last of them, and there may be fewer bins than asked for.
 */
export function reliability(labels: ArrayLike<number>, probabilities: ArrayLike<number>, bins = BINS): ReliabilityBin[] {
  checkProbabilities(labels, probabilities);
  if (!Number.isInteger(bins) || bins < 1) refuse('bins', 'a whole number from 1', bins);
  const count = labels.length;
  const at = (pair: number): number => probabilities[pair] ?? 0;
  const order = Uint32Array.from({ length: count }, (_, pair) => pair).sort((a, b) => at(a) - at(b));
  const table: ReliabilityBin[] = [];
  let start = 0;
  for (let bin = 1; bin <= bins; bin++) {
    let end = Math.round((bin * count) / bins);
    if (end <= start) continue;
    while (end < count && at(order[end] ?? 0) === at(order[end - 1] ?? 0)) end++;
    let [sum, ones] = [0, 0];
    for (const pair of order.subarray(start, end)) {
      sum += at(pair);
      ones += labels[pair] ?? 0;
    }
    const pairs = end - start;
    table.push({ from: at(order[start] ?? 0), to: at(order[end - 1] ?? 0), pairs, predicted: sum / pairs, observed: ones / pairs });
    start = end;
  }
  return table;
}

export function calibrationError(table: readonly ReliabilityBin[]): number {
  const pairs = table.reduce((sum, bin) => sum + bin.pairs, 0);
  return table.reduce((sum, bin) => sum + (bin.pairs / pairs) * Math.abs(bin.predicted - bin.observed), 0);
}

export interface ProbabilityMetrics {
  pairs: number;
  positives: number;
  auc: number;
  groupedAuc: GroupedAuc;
  logLoss: number;
  brier: number;
  calibrationError: number;
  reliability: ReliabilityBin[];
}

/** All of the above. */
export function measureProbabilities(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  groups: ArrayLike<number>,
): ProbabilityMetrics {
  const table = reliability(labels, probabilities);
  return {
    pairs: labels.length,
    positives: Array.from(labels).reduce((sum, label) => sum + label, 0),
    auc: auc(labels, probabilities),
    groupedAuc: groupedAuc(labels, probabilities, groups),
    logLoss: logLoss(labels, probabilities),
    brier: brier(labels, probabilities),
    calibrationError: calibrationError(table),
    reliability: table,
  };
}
