import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auc,
  brier,
  calibrationError,
  groupedAuc,
  logLoss,
  measureProbabilities,
  type ReliabilityBin,
  reliability,
} from '../../src/statistics/probabilities.js';

/** AUC by its definition: every pair of a 1 and a 0. */
function aucByPairs(labels: readonly number[], scores: readonly number[]): number {
  let [won, pairs] = [0, 0];
  for (const [one, label] of labels.entries()) {
    for (const [zero, other] of labels.entries()) {
      if (label !== 1 || other !== 0) continue;
      pairs++;
      const [a, b] = [scores[one] ?? 0, scores[zero] ?? 0];
      won += a > b ? 1 : a === b ? 1 / 2 : 0;
    }
  }
  return won / pairs;
}

const pair = fc.record({ label: fc.constantFrom(0, 1), score: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9, 1), group: fc.nat({ max: 3 }) });
const pairs = fc.array(pair, { minLength: 1, maxLength: 30 });

describe('AUC', () => {
  test('is the share of pairs in the right order, ties half', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const [labels, scores] = [list.map(({ label }) => label), list.map(({ score }) => score)];
        const oracle = aucByPairs(labels, scores);
        if (Number.isNaN(oracle)) expect(auc(labels, scores)).toBeNaN();
        else expect(auc(labels, scores)).toBeCloseTo(oracle, 12);
      }),
      { numRuns: 500 },
    );
  });

  test('takes scores of any size; NaN is last, tied with NaN', () => {
    expect(auc([1, 0, 0], [Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY])).toBe(1);
    expect(auc([1, 0, 0], [Number.NaN, Number.NaN, 1])).toBe(1 / 4);
    expect(auc([1, 1], [1, 2])).toBeNaN();
  });

  test('within groups: the mean over those with both labels, by size and plain', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const own = [0, 1, 2, 3].map((group) => list.filter((entry) => entry.group === group));
        const counted = own
          .map((group) => ({
            size: group.length,
            auc: aucByPairs(
              group.map(({ label }) => label),
              group.map(({ score }) => score),
            ),
          }))
          .filter((group) => !Number.isNaN(group.auc));
        const got = groupedAuc(
          list.map(({ label }) => label),
          list.map(({ score }) => score),
          list.map(({ group }) => group),
        );
        expect(got.counted).toBe(counted.length);
        expect(got.groups).toBe(own.filter((group) => group.length > 0).length);
        if (counted.length === 0) {
          expect([got.weighted, got.unweighted]).toEqual([Number.NaN, Number.NaN]);
          return;
        }
        const sizes = counted.reduce((sum, { size }) => sum + size, 0);
        expect(got.weighted).toBeCloseTo(counted.reduce((sum, group) => sum + group.auc * group.size, 0) / sizes, 12);
        expect(got.unweighted).toBeCloseTo(counted.reduce((sum, group) => sum + group.auc, 0) / counted.length, 12);
      }),
      { numRuns: 300 },
    );
  });
});

describe('log loss and Brier score', () => {
  test('a worked example', () => {
    expect(logLoss([1, 0, 1], [0.5, 0.25, 0.8])).toBeCloseTo(-(Math.log(0.5) + Math.log(0.75) + Math.log(0.8)) / 3, 12);
    expect(brier([1, 0, 1], [0.5, 0.25, 0.8])).toBeCloseTo((0.25 + 0.0625 + 0.04) / 3, 12);
  });

  test('being certain and wrong costs ln 10^7 and no more', () => {
    expect(logLoss([1, 0], [0, 1])).toBeCloseTo(7 * Math.LN10, 6);
    expect(logLoss([1, 0], [1, 0])).toBeCloseTo(1e-7, 12);
  });

  test('the share of positives is the best constant', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (labels, other) => {
          const share = labels.reduce((sum: number, label) => sum + label, 0) / labels.length;
          const constant = (value: number): number[] => labels.map(() => value);
          expect(brier(labels, constant(share))).toBeLessThanOrEqual(brier(labels, constant(other)) + 1e-12);
          expect(logLoss(labels, constant(share))).toBeLessThanOrEqual(logLoss(labels, constant(other)) + 1e-6);
        },
      ),
    );
  });
});

describe('calibration', () => {
  test('a worked example of two bins', () => {
    const table = reliability([0, 1, 1, 1], [0.1, 0.3, 0.6, 0.8], 2);
    const expected: ReliabilityBin[] = [
      { from: 0.1, to: 0.3, pairs: 2, predicted: 0.2, observed: 0.5 },
      { from: 0.6, to: 0.8, pairs: 2, predicted: 0.7, observed: 1 },
    ];
    expect(table).toHaveLength(2);
    for (const [index, bin] of expected.entries()) {
      expect(table[index]).toMatchObject({ from: bin.from, to: bin.to, pairs: bin.pairs, observed: bin.observed });
      expect(table[index]?.predicted).toBeCloseTo(bin.predicted, 12);
    }
    expect(calibrationError(table)).toBeCloseTo(0.5 * 0.3 + 0.5 * 0.3, 12);
  });

  test('equal probabilities are never parted', () => {
    expect(reliability([0, 1, 0, 1, 1], [0.5, 0.5, 0.5, 0.5, 0.9], 3).map((bin) => [bin.pairs, bin.observed])).toEqual([
      [4, 0.5],
      [1, 1],
    ]);
  });

  test('bins hold every pair once, ascending, of equal counts where no two are equal', () => {
    const distinct = fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(distinct, fc.integer({ min: 1, max: 20 }), (probabilities, bins) => {
        const labels = probabilities.map((_, index) => index % 2);
        const table = reliability(labels, probabilities, bins);
        expect(table.reduce((sum, bin) => sum + bin.pairs, 0)).toBe(labels.length);
        expect(table).toHaveLength(Math.min(bins, labels.length));
        const counts = table.map((bin) => bin.pairs);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        // By definition, from the pairs that lie between the ends of each bin.
        let error = 0;
        for (const { from, to } of table) {
          const own = probabilities
            .map((value, index) => ({ value, label: labels[index] ?? 0 }))
            .filter(({ value }) => value >= from && value <= to);
          const gap = own.reduce((sum, { value, label }) => sum + value - label, 0) / own.length;
          error += (own.length / labels.length) * Math.abs(gap);
        }
        expect(calibrationError(table)).toBeCloseTo(error, 10);
      }),
    );
  });
});

test('all of it at once', () => {
  const metrics = measureProbabilities(Uint8Array.of(1, 0, 1, 0), Float32Array.of(0.75, 0.5, 0.25, 0.5), Uint32Array.of(7, 7, 9, 9));
  expect(metrics).toMatchObject({
    pairs: 4,
    positives: 2,
    auc: 0.5,
    groupedAuc: { weighted: 0.5, unweighted: 0.5, counted: 2, groups: 2 },
  });
  expect(metrics.brier).toBeCloseTo((0.0625 + 0.25 + 0.5625 + 0.25) / 4, 12);
  expect(metrics.reliability.map(({ pairs: count }) => count)).toEqual([1, 2, 1]);
});

test.each([
  [() => auc([1, 0], [1]), 'scores'],
  [() => auc([1, 2], [1, 2]), 'labels'],
  [() => groupedAuc([1, 0], [1, 2], [1]), 'groups'],
  [() => logLoss([1], [1.5]), 'probabilities'],
  [() => logLoss([1], [Number.NaN]), 'probabilities'],
  [() => brier([], []), 'labels'],
  [() => reliability([1], [1], 0), 'bins'],
])('%s is refused by name', (call, field) => {
  expect(call).toThrow(expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT', field }));
});
