/** The baseline of probabilities: logistic regression with a ridge, which a network has to beat. */

import { KairankError } from '../../errors.js';
import { throwIfAborted } from '../../jobs.js';
import { refuse } from '../../options.js';
import { fitLogistic, logit, scoresOf } from '../../statistics/logistic.js';
import { logLoss } from '../../statistics/probabilities.js';
import { type FitProbability, type Pairs, type Probability, takePairs } from '../pairs.js';

/** Strengths of the ridge that are tried, strongest first: each fit begins where the stronger one ended. */
export const RIDGES: readonly number[] = [3000, 1000, 300, 100, 30, 10, 3];
/** Where nothing can be tried: as many pairs as it would take to doubt a coefficient. */
const USUAL_RIDGE = 100;
/** The groups are cut into so many blocks in order of time; each but the first is foretold from those before it. */
const BLOCKS = 6;
/** Blocks are foretold from no fewer pairs of either label than this. */
const LEAST_OF_A_LABEL = 20;

/** How a column becomes an input: its mean and deviation where it is not missing, and the place of its flag of missing values. */
interface Standard {
  mean: number;
  deviation: number;
  /** undefined: it was never missing. */
  flag: number | undefined;
}

/** Inputs of pairs by standards: pairs x width, row-major; the last is 1, for the intercept. */
interface Design {
  standards: readonly Standard[];
  width: number;
}

function designOf({ columns, values, labels }: Pairs): Design {
  let width = columns.length;
  const standards = columns.map((_, column): Standard => {
    let [count, sum, squares] = [0, 0, 0];
    const each = (use: (value: number) => void): void => {
      for (let pair = 0; pair < labels.length; pair++) {
        const value = values[pair * columns.length + column] ?? Number.NaN;
        if (!Number.isNaN(value)) use(value);
      }
    };
    each((value) => {
      count++;
      sum += value;
    });
    const mean = count > 0 ? sum / count : 0;
    each((value) => {
      squares += (value - mean) ** 2;
    });
    const deviation = Math.sqrt(squares / Math.max(1, count));
    // A column that never changes says nothing: it stays 0, rather than be blown up.
    return { mean, deviation: deviation > 1e-9 ? deviation : Number.POSITIVE_INFINITY, flag: count < labels.length ? width++ : undefined };
  });
  return { standards, width: width + 1 };
}

function inputsOf({ columns, values, labels }: Pairs, { standards, width }: Design): Float64Array {
  const inputs = new Float64Array(labels.length * width);
  for (let pair = 0; pair < labels.length; pair++) {
    const own = inputs.subarray(pair * width, (pair + 1) * width);
    own[width - 1] = 1;
    for (const [column, { mean, deviation, flag }] of standards.entries()) {
      const value = values[pair * columns.length + column] ?? Number.NaN;
      if (!Number.isNaN(value)) own[column] = (value - mean) / deviation;
      else if (flag !== undefined) own[flag] = 1;
    }
  }
  return inputs;
}

function start(width: number, labels: Uint8Array): Float64Array {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const weights = new Float64Array(width);
  weights[width - 1] = Math.log((positives + 0.5) / (labels.length - positives + 0.5));
  return weights;
}

/** Whether there are enough pairs of either label to foretell others from. */
export function hasBothLabels({ labels }: Pairs): boolean {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return Math.min(positives, labels.length - positives) >= LEAST_OF_A_LABEL;
}

/** The pairs of each block, about `count` of them: groups are never parted, and those of equal times stay together. */
export function blocksOf({ labels, times }: Pairs, count: number): number[][] {
  const order = Array.from(labels.keys()).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  const blocks: number[][] = [];
  for (const [place, pair] of order.entries()) {
    const block = blocks.at(-1);
    const moves = times[pair] !== times[order[place - 1] ?? pair];
    if (block === undefined || (moves && place >= (blocks.length * order.length) / count)) blocks.push([pair]);
    else block.push(pair);
  }
  return blocks;
}

/** The ridge under which later groups are best foretold from earlier ones, by log loss; the usual one where that cannot be tried. */
function chooseRidge(train: Pairs, signal: AbortSignal | undefined): number {
  const blocks = blocksOf(train, BLOCKS);
  const labels: number[] = [];
  const foretold = RIDGES.map((): number[] => []);
  for (let block = 1; block < blocks.length; block++) {
    const earlier = takePairs(train, blocks.slice(0, block).flat());
    const later = takePairs(train, blocks[block] ?? []);
    if (!hasBothLabels(earlier)) continue;
    const design = designOf(earlier);
    const [inputs, asked] = [inputsOf(earlier, design), inputsOf(later, design)];
    labels.push(...later.labels);
    let weights = start(design.width, earlier.labels);
    for (const [index, ridge] of RIDGES.entries()) {
      throwIfAborted(signal);
      weights = fitLogistic(inputs, earlier.labels, ridge, weights);
      foretold[index]?.push(...scoresOf(asked, weights).map(logit));
    }
  }
  if (labels.length === 0) return USUAL_RIDGE;
  const losses = foretold.map((probabilities) => logLoss(labels, probabilities));
  return RIDGES[losses.indexOf(Math.min(...losses))] ?? USUAL_RIDGE;
}

/**
 * Logistic regression: columns standardised over the pairs that have them, a missing value as 0 and a flag of its own, and a ridge
 * (the intercept left free) that is chosen by foretelling later groups from earlier ones. Nothing in it is random.
 * @throws KairankError KAIRANK_NOT_ENOUGH_DATA when all labels are the same; KAIRANK_ABORTED.
 */
export const fitLogisticRegression: FitProbability = async (train, { signal }): Promise<Probability> => {
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === train.labels.length) {
    throw new KairankError('KAIRANK_NOT_ENOUGH_DATA', 'The pairs to learn from all have the same label', {
      field: 'train.labels',
      expected: 'pairs of both labels',
      received: `${positives} positives of ${train.labels.length} pairs`,
    });
  }
  const ridge = await Promise.resolve(chooseRidge(train, signal));
  const design = designOf(train);
  const weights = fitLogistic(inputsOf(train, design), train.labels, ridge, start(design.width, train.labels));
  return (pairs) => {
    if (pairs.columns.join() !== train.columns.join())
      refuse('columns', `the columns of training: ${train.columns.join(', ')}`, pairs.columns.join(', '));
    return Float32Array.from(scoresOf(inputsOf(pairs, design), weights), logit);
  };
};
