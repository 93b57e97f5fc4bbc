import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { solve } from '../../src/statistics/cholesky.js';
import { fitLogisticRegression } from '../../src/evaluate/baselines/logistic.js';
import type { Pairs } from '../../src/evaluate/pairs.js';
import { Random } from '../../src/evaluate/random.js';
import { fitLogistic } from '../../src/statistics/logistic.js';
import { auc } from '../../src/statistics/probabilities.js';

const OPTIONS = { seed: 1, threads: 1, budget: 10 };

/** Pairs of one column each, ten groups in order of time. */
function pairsOf(columns: readonly string[], rows: readonly (readonly number[])[], labels: readonly number[]): Pairs {
  const groups = Uint32Array.from(rows, (_, row) => Math.floor((row * 10) / rows.length));
  return {
    columns,
    values: Float32Array.from(rows.flat()),
    labels: Uint8Array.from(labels),
    groups,
    times: Float64Array.from(groups, (group) => group * 1000),
    known: Float64Array.from(groups, (group) => group * 1000 + 500),
  };
}

test('linear equations are solved', () => {
  const numbers = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(
      numbers,
      fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
      (root, right) => {
        // root' root + 1 is positive definite.
        const matrix = Float64Array.from({ length: 9 }, (_, at) => {
          const [row, column] = [Math.floor(at / 3), at % 3];
          const product = [0, 1, 2].reduce((sum, k) => sum + (root[k * 3 + row] ?? 0) * (root[k * 3 + column] ?? 0), 0);
          return product + (row === column ? 1 : 0);
        });
        const solution = solve(matrix, Float64Array.from(right));
        for (const [row, value] of right.entries()) {
          const product = [0, 1, 2].reduce((sum, column) => sum + (matrix[row * 3 + column] ?? 0) * (solution[column] ?? 0), 0);
          expect(product).toBeCloseTo(value, 6);
        }
      },
    ),
  );
  expect(() => solve(Float64Array.of(1, 0, 0, -1), Float64Array.of(1, 1))).toThrow(/positive definite/);
});

describe('logistic regression', () => {
  test('finds where the gradient of the penalised likelihood is zero', () => {
    const random = new Random(3);
    const [pairs, width, ridge] = [60, 4, 0.7];
    const inputs = Float64Array.from({ length: pairs * width }, (_, at) => (at % width === width - 1 ? 1 : random.normal() * 3));
    const labels = Uint8Array.from({ length: pairs }, () => random.below(2));
    const weights = fitLogistic(inputs, labels, ridge, Float64Array.of(5, -5, 5, -5));
    for (let column = 0; column < width; column++) {
      let gradient = column === width - 1 ? 0 : -ridge * (weights[column] ?? 0);
      for (let pair = 0; pair < pairs; pair++) {
        const score = [0, 1, 2, 3].reduce((sum, k) => sum + (inputs[pair * width + k] ?? 0) * (weights[k] ?? 0), 0);
        gradient += (inputs[pair * width + column] ?? 0) * ((labels[pair] ?? 0) - 1 / (1 + Math.exp(-score)));
      }
      expect(Math.abs(gradient)).toBeLessThan(1e-4);
    }
  });

  test('foretells the share of positives where columns say nothing, whatever they hold', async () => {
    const labels = [1, 0, 0, 0, 1, 0, 0, 0];
    const train = pairsOf(
      ['same', 'missing'],
      labels.map(() => [7, Number.NaN]),
      labels,
    );
    const probability = await fitLogisticRegression(train, OPTIONS);
    for (const value of probability(train)) expect(value).toBeCloseTo(1 / 4, 4);
  });

  test('learns what a column says, and what its being missing says', async () => {
    const random = new Random(11);
    const rows = Array.from({ length: 800 }, () => [random.normal(), random.next() < 0.5 ? Number.NaN : 1000 + random.normal()]);
    const truth = rows.map(([x = 0, y = 0]) => 1.5 * x + (Number.isNaN(y) ? 2 : -1));
    const labels = truth.map((score) => (random.next() < 1 / (1 + Math.exp(-score)) ? 1 : 0));
    const pairs = pairsOf(['x', 'y'], rows, labels);
    const got = (await fitLogisticRegression(pairs, OPTIONS))(pairs);
    expect(auc(labels, got)).toBeGreaterThan(auc(labels, truth) - 0.01);
    const expected = truth.map((score) => 1 / (1 + Math.exp(-score)));
    const gap = expected.reduce((sum, value, row) => sum + Math.abs(value - (got[row] ?? 0)), 0) / rows.length;
    expect(gap).toBeLessThan(0.05);
  });

  test('a ridge is chosen that noise cannot get past', async () => {
    const random = new Random(5);
    const rows = Array.from({ length: 400 }, () => Array.from({ length: 30 }, () => random.normal()));
    const labels = rows.map(() => (random.next() < 0.3 ? 1 : 0));
    const pairs = pairsOf(rows[0]?.map((_, column) => `noise ${column}`) ?? [], rows, labels);
    const got = (await fitLogisticRegression(pairs, OPTIONS))(pairs);
    const share = labels.reduce((sum: number, label) => sum + label, 0) / labels.length;
    // Without a ridge, thirty columns of noise move 400 probabilities by some .12 on average.
    expect(got.reduce((sum, value) => sum + Math.abs(value - share), 0) / got.length).toBeLessThan(0.05);
  });

  test('refuses labels that are all the same, and other columns', async () => {
    const same = pairsOf(['x'], [[1], [2]], [0, 0]);
    await expect(fitLogisticRegression(same, OPTIONS)).rejects.toMatchObject({
      code: 'KAIRANK_NOT_ENOUGH_DATA',
      received: '0 positives of 2 pairs',
    });
    const train = pairsOf(['x'], [[1], [2]], [0, 1]);
    const probability = await fitLogisticRegression(train, OPTIONS);
    expect(() => probability(pairsOf(['y'], [[1], [2]], [0, 1]))).toThrow(/columns: expected the columns of training: x, got "y"/);
  });

  test('stops when it is aborted', async () => {
    const rows = Array.from({ length: 200 }, (_, row) => [row % 7]);
    const labels = rows.map((_, row) => row % 2);
    const aborted = fitLogisticRegression(pairsOf(['x'], rows, labels), { ...OPTIONS, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
  });
});
