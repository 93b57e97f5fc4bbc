/**
 * The probability that a shop would be served, which is why it is called engine: logistic regression, and a last step that holds its
 * probabilities against how they came out. A model is surer of what it has learned from than of campaigns to come; the step (Platt 1999)
 * is a slope and an offset of the log odds, fitted to what earlier models foretold of later campaigns. It changes no order.
 */

import { solve } from '../../statistics/cholesky.js';
import { logit } from '../../statistics/logistic.js';
import { blocksOf, fitLogisticRegression, hasBothLabels } from '../baselines/logistic.js';
import { type FitProbability, takePairs } from '../pairs.js';

/** The pairs are cut into so many blocks in order of time; each is foretold from what was known when it began. */
const WINDOWS = 12;
/**
 * The slope is held to 1 and the offset to 0 by as much as so many pairs would hold a coefficient: what all pairs of one campaign have in
 * common is one case, however many they are. Chosen on campaigns before the test: without it the step makes later ones worse.
 */
const PULL = 100;
const STEPS = 50;
const TOLERANCE = 1e-10;
/** No log odds are further from 0: a probability of 0 has none. */
const MOST = 30;

/** A probability p is served as that of the log odds slope x log(p / (1 - p)) + offset. */
export interface Platt {
  slope: number;
  offset: number;
}

export function oddsOf(probability: number): number {
  return Math.min(MOST, Math.max(-MOST, Math.log(probability / (1 - probability))));
}

/** Minus the log likelihood, and the penalty. */
function lossOf(odds: ArrayLike<number>, labels: ArrayLike<number>, { slope, offset }: Platt): number {
  let loss = (PULL / 2) * ((slope - 1) ** 2 + offset ** 2);
  for (let pair = 0; pair < odds.length; pair++) {
    const score = slope * (odds[pair] ?? 0) + offset;
    loss += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - (labels[pair] === 1 ? score : 0);
  }
  return loss;
}

/** The step under which the labels are likeliest; where there are none it changes nothing. */
export function fitPlatt(odds: ArrayLike<number>, labels: ArrayLike<number>): Platt {
  let platt: Platt = { slope: 1, offset: 0 };
  for (let step = 0; step < STEPS; step++) {
    const gradient = Float64Array.of(-PULL * (platt.slope - 1), -PULL * platt.offset);
    const hessian = Float64Array.of(PULL, 0, 0, PULL);
    const add = (to: Float64Array, at: number, value: number): void => {
      to[at] = (to[at] ?? 0) + value;
    };
    for (let pair = 0; pair < odds.length; pair++) {
      const x = odds[pair] ?? 0;
      const probability = logit(platt.slope * x + platt.offset);
      const miss = (labels[pair] ?? 0) - probability;
      const curvature = probability * (1 - probability);
      add(gradient, 0, miss * x);
      add(gradient, 1, miss);
      add(hessian, 0, curvature * x * x);
      add(hessian, 2, curvature * x);
      add(hessian, 3, curvature);
    }
    const [slope = 0, offset = 0] = solve(hessian, gradient);
    // A whole step of Newton may overshoot where most probabilities are near 0 or 1.
    let length = 1;
    const moved = (): Platt => ({ slope: platt.slope + length * slope, offset: platt.offset + length * offset });
    while (lossOf(odds, labels, moved()) > lossOf(odds, labels, platt) && length > TOLERANCE) length /= 2;
    platt = moved();
    if (Math.abs(slope) + Math.abs(offset) < TOLERANCE) break;
  }
  return platt;
}

/**
 * A model whose probabilities are calibrated on campaigns to come: each block of the pairs is foretold by the model fitted to those of
 * which it was known, when the block began, how they came out, and the step is fitted to that. The model itself learns from all pairs.
 */
export const calibrated =
  (fitModel: FitProbability): FitProbability =>
  async (train, options) => {
    const odds: number[] = [];
    const labels: number[] = [];
    for (const block of blocksOf(train, WINDOWS)) {
      const began = block.reduce((first, pair) => Math.min(first, train.times[pair] ?? first), Number.POSITIVE_INFINITY);
      const earlier = takePairs(
        train,
        [...train.known.keys()].filter((pair) => (train.known[pair] ?? Number.POSITIVE_INFINITY) <= began),
      );
      if (!hasBothLabels(earlier)) continue;
      const later = takePairs(train, block);
      const foretold = (await fitModel(earlier, options))(later);
      odds.push(...Array.from(foretold, oddsOf));
      labels.push(...later.labels);
    }
    const { slope, offset } = fitPlatt(odds, labels);
    const probability = await fitModel(train, options);
    return (pairs) => probability(pairs).map((value) => logit(slope * oddsOf(value) + offset));
  };

export const fitEngine: FitProbability = calibrated(fitLogisticRegression);
