/** Logistic regression with a ridge, of inputs as they are: what the baseline of probabilities and the engine's own learners fit. */

import { solve } from './cholesky.js';

const STEPS = 50;
const TOLERANCE = 1e-8;
const SHORTEST_STEP = 1e-4;
/** Pairs between two pauses: about a millisecond of them. */
const SLICE = 2048;

export const logit = (score: number): number => 1 / (1 + Math.exp(-score));

/** <inputs, weights> of each pair. */
export function scoresOf(inputs: Float64Array, weights: Float64Array): Float64Array {
  const width = weights.length;
  return Float64Array.from({ length: inputs.length / width }, (_, pair) => {
    let score = 0;
    for (let column = 0; column < width; column++) score += (inputs[pair * width + column] ?? 0) * (weights[column] ?? 0);
    return score;
  });
}

/** Adds what the pairs from `first` to `last` say to gradient and Hessian, of which the part below the diagonal is kept. */
function addPairs(
  inputs: Float64Array,
  labels: Uint8Array,
  scores: Float64Array,
  { first, last }: { first: number; last: number },
  { gradient, hessian }: { gradient: Float64Array; hessian: Float64Array },
): void {
  const width = gradient.length;
  for (let pair = first; pair < last; pair++) {
    const probability = logit(scores[pair] ?? 0);
    const own = inputs.subarray(pair * width, (pair + 1) * width);
    const curvature = probability * (1 - probability);
    const miss = (labels[pair] ?? 0) - probability;
    for (let row = 0; row < width; row++) {
      const value = own[row] ?? 0;
      if (value === 0) continue;
      gradient[row] = (gradient[row] ?? 0) + value * miss;
      // Row by row below the diagonal: the matrix is symmetric.
      for (let column = 0; column <= row; column++) {
        const at = row * width + column;
        hessian[at] = (hessian[at] ?? 0) + value * curvature * (own[column] ?? 0);
      }
    }
  }
}

/** One step of Newton for the penalised likelihood (iteratively reweighted least squares; Hastie et al. 2009, 4.4.1). */
function* newtonStep(inputs: Float64Array, labels: Uint8Array, weights: Float64Array, ridge: number): Generator<void, Float64Array> {
  const width = weights.length;
  const hessian = new Float64Array(width * width);
  const gradient = new Float64Array(width);
  const scores = scoresOf(inputs, weights);
  for (let first = 0; first < labels.length; first += SLICE) {
    addPairs(inputs, labels, scores, { first, last: Math.min(labels.length, first + SLICE) }, { gradient, hessian });
    yield;
  }
  // The intercept, which is last, is nearly free.
  for (let row = 0; row < width; row++) {
    const own = row === width - 1 ? 1e-6 : ridge;
    hessian[row * width + row] = (hessian[row * width + row] ?? 0) + own;
    gradient[row] = (gradient[row] ?? 0) - own * (weights[row] ?? 0);
  }
  return solve(hessian, gradient);
}

/** What is made small: minus the log likelihood, and the penalty. */
function penalisedLoss(inputs: Float64Array, labels: Uint8Array, weights: Float64Array, ridge: number): number {
  let loss = 0;
  // ln(1 + e^s) - y s, without an overflow for large scores.
  for (const [pair, score] of scoresOf(inputs, weights).entries()) {
    loss += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - (labels[pair] === 1 ? score : 0);
  }
  for (const weight of weights.subarray(0, -1)) loss += (ridge / 2) * weight * weight;
  return loss;
}

/** As `fitLogistic`, with a pause about every millisecond for whoever shares the thread. */
export function* fitLogisticInTurns(
  inputs: Float64Array,
  labels: Uint8Array,
  ridge: number,
  from: Float64Array,
): Generator<void, Float64Array> {
  let weights = from.slice();
  let loss = penalisedLoss(inputs, labels, weights, ridge);
  for (let step = 0; step < STEPS; step++) {
    const change = yield* newtonStep(inputs, labels, weights, ridge);
    // Far from the solution a whole step may overshoot: half of it, and half of that, does not.
    let length = 1;
    let next = weights;
    let lower = loss;
    do {
      const share = length;
      next = weights.map((weight, column) => weight + share * (change[column] ?? 0));
      lower = penalisedLoss(inputs, labels, next, ridge);
      length /= 2;
    } while (lower > loss && length > SHORTEST_STEP);
    if (lower > loss) break;
    [weights, loss] = [next, lower];
    if (change.every((value) => Math.abs(value) < TOLERANCE)) break;
  }
  return weights;
}

/**
 * The weights of the greatest penalised likelihood.
 * @param inputs pairs x weights, row-major, the last of each pair being 1.
 * @param from where to begin.
 */
export function fitLogistic(inputs: Float64Array, labels: Uint8Array, ridge: number, from: Float64Array): Float64Array {
  const steps = fitLogisticInTurns(inputs, labels, ridge, from);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
