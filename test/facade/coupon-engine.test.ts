import { describe, expect, test } from 'vitest';
import { fitLogisticRegression } from '../../src/evaluate/baselines/logistic.js';
import { calibrated, fitEngine, fitPlatt } from '../../src/evaluate/coupons/engine.js';
import { type FitProbability, type Pairs, takePairs } from '../../src/evaluate/pairs.js';
import { calibrationError, logLoss, reliability } from '../../src/statistics/probabilities.js';
import { Random } from '../../src/evaluate/random.js';

const OPTIONS = { seed: 1, threads: 1, budget: 10 };
const sigmoid = (odds: number): number => 1 / (1 + Math.exp(-odds));

/** Groups of 100 pairs, one after another, whose log odds are the one column; of each it is known a group and a half later. */
function made(groups: number, seed: number): Pairs {
  const random = new Random(seed);
  const values = Float32Array.from({ length: groups * 100 }, () => random.normal() * 2 - 1);
  const of = Uint32Array.from(values, (_, pair) => Math.floor(pair / 100));
  return {
    columns: ['odds'],
    values,
    labels: Uint8Array.from(values, (odds) => (random.next() < sigmoid(odds) ? 1 : 0)),
    groups: of,
    times: Float64Array.from(of, (group) => group * 1000),
    known: Float64Array.from(of, (group) => group * 1000 + 1500),
  };
}

describe('the step', () => {
  test('is where the gradient of the penalised likelihood is zero', () => {
    const { values, labels } = made(3, 4);
    const odds = values.map((value) => 4 * value + 3);
    const { slope, offset } = fitPlatt(odds, labels);
    let [bySlope, byOffset] = [-100 * (slope - 1), -100 * offset];
    for (const [pair, x] of odds.entries()) {
      const miss = (labels[pair] ?? 0) - sigmoid(slope * x + offset);
      bySlope += miss * x;
      byOffset += miss;
    }
    expect(Math.abs(bySlope)).toBeLessThan(1e-6);
    expect(Math.abs(byOffset)).toBeLessThan(1e-6);
    expect(slope).toBeLessThan(1);
  });

  test('finds the slope and the offset that were put in, and changes nothing without pairs', () => {
    const { values, labels } = made(300, 5);
    const { slope, offset } = fitPlatt(
      values.map((value) => 2 * value + 1),
      labels,
    );
    expect(slope).toBeCloseTo(0.5, 1);
    expect(offset).toBeCloseTo(-0.5, 1);
    expect(fitPlatt([], [])).toEqual({ slope: 1, offset: 0 });
  });
});

describe('calibrated', () => {
  /** Twice too sure of everything. */
  const tooSure: FitProbability = () => Promise.resolve(({ values }) => values.map((odds) => sigmoid(2 * odds)));

  test('probabilities of groups to come hold, in the same order', async () => {
    const [train, test] = [made(40, 6), made(40, 7)];
    const before = (await tooSure(train, OPTIONS))(test);
    const after = (await calibrated(tooSure)(train, OPTIONS))(test);
    const error = (probabilities: Float32Array): number => calibrationError(reliability(test.labels, probabilities));
    expect(error(before)).toBeGreaterThan(0.05);
    expect(error(after)).toBeLessThan(0.03);
    expect(logLoss(test.labels, after)).toBeLessThan(logLoss(test.labels, before));
    const order = [...before.keys()].sort((a, b) => (before[a] ?? 0) - (before[b] ?? 0));
    for (const [place, pair] of order.slice(1).entries())
      expect(after[pair]).toBeGreaterThanOrEqual(after[order[place] ?? 0] ?? Number.NaN);
  });

  test('foretells each block from what was known when it began, and learns from all', async () => {
    const train = made(24, 8);
    const learned: Pairs[] = [];
    const foretold: Pairs[] = [];
    const watching: FitProbability = (pairs) => {
      learned.push(pairs);
      return Promise.resolve((later) => {
        foretold.push(later);
        return later.values.map(sigmoid);
      });
    };
    await calibrated(watching)(train, OPTIONS);
    expect(learned.pop()).toBe(train);
    expect(foretold.length).toBeGreaterThan(8);
    for (const [block, later] of foretold.entries())
      expect(Math.max(...(learned[block]?.known ?? []))).toBeLessThanOrEqual(Math.min(...later.times));
  });

  test('a seed repeats it, and too few pairs leave logistic regression as it is', async () => {
    const train = made(12, 9);
    const first = (await fitEngine(train, OPTIONS))(train);
    expect((await fitEngine(train, OPTIONS))(train)).toEqual(first);
    const few = takePairs(
      train,
      Array.from({ length: 100 }, (_, pair) => pair),
    );
    const [engine, logistic] = [(await fitEngine(few, OPTIONS))(few), (await fitLogisticRegression(few, OPTIONS))(few)];
    for (const [pair, value] of engine.entries()) expect(value).toBeCloseTo(logistic[pair] ?? Number.NaN, 6);
  });
});
