import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measure } from '../../src/evaluate/metrics.js';
import { companionsOf, compareWithBest, pairedDifference } from '../../src/evaluate/paired.js';
import { rankScores } from '../../src/evaluate/ranks.js';
import { emptyHistories } from '../../src/evaluate/interactions.js';

describe('the difference of two models', () => {
  test('a worked example', () => {
    // Differences 1, 2, 3, 6: mean 3, sample variance 14 / 3.
    const { difference, standardError, interval } = pairedDifference([2, 4, 6, 9], [1, 2, 3, 3]);
    expect(difference).toBe(3);
    expect(standardError).toBeCloseTo(Math.sqrt(14 / 3 / 4), 12);
    expect(interval[0]).toBeCloseTo(3 - 1.959964 * Math.sqrt(14 / 12), 5);
    expect(interval[1]).toBeCloseTo(3 + 1.959964 * Math.sqrt(14 / 12), 5);
  });

  test('what is hard for both falls out: a constant lead is certain', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2 }), (cases) => {
        const { difference, standardError } = pairedDifference(
          cases.map((value) => value + 5),
          cases,
        );
        expect([difference, standardError]).toEqual([5, 0]);
      }),
    );
  });

  test('one case says nothing of how sure it is; other numbers of cases are refused', () => {
    expect(pairedDifference([1], [0])).toMatchObject({ difference: 1, standardError: Number.NaN });
    expect(() => pairedDifference([1, 2], [1])).toThrow(/baseline: expected 2 figures/);
    expect(() => pairedDifference([], [])).toThrow(/model/);
  });

  test('is taken against the best of the other baselines', () => {
    const measured = [
      { model: 'engine', figures: Float64Array.of(0.4, 0.6) },
      { model: 'ials', figures: Float64Array.of(0.9, 0.9) },
      { model: 'repeat', figures: Float64Array.of(0.3, 0.3) },
      { model: 'popularity', figures: Float64Array.of(0.1, 0.2) },
    ] as const;
    expect(compareWithBest(measured[0], measured)).toMatchObject({
      baseline: 'repeat',
      mean: 0.3,
      difference: expect.closeTo(0.2, 12) as number,
    });
    expect(compareWithBest(measured[2], measured)).toMatchObject({ baseline: 'popularity' });
    expect(compareWithBest(measured[0], measured.slice(0, 2))).toBeNull();
  });

  test('a model that is measured alone over time gets the cheap baselines beside it', () => {
    expect(companionsOf(['engine'], 'temporal')).toEqual(['popularity', 'repeat', 'rules']);
    expect(companionsOf(['repeat'], 'temporal')).toEqual(['popularity', 'rules']);
    expect(companionsOf(['engine', 'ials'], 'temporal')).toEqual([]);
    expect(companionsOf(['ials'], 'temporal')).toEqual([]);
    expect(companionsOf(['engine'], 'leave-one-out')).toEqual([]);
  });
});

test('NDCG@10 of each case, whatever the cut-offs, ties in expectation', () => {
  const cases = { histories: emptyHistories(3, 0), targetOffsets: Float64Array.of(0, 1, 2, 4), targets: Uint32Array.of(2, 0, 0, 1) };
  const scores = [
    [9, 8, 7],
    [1, 1, 0],
    [3, 2, 1],
  ];
  const ranked = rankScores(cases, { items: 3, excludeSeen: false, k: 1, score: (index, out) => out.set(scores[index] ?? []) });
  const { ndcgOfCases } = measure(cases, ranked, { items: 3, ks: [1], excludeSeen: false });
  expect(ndcgOfCases).toHaveLength(3);
  expect(ndcgOfCases[0]).toBeCloseTo(1 / 2, 12);
  expect(ndcgOfCases[1]).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 12);
  expect(ndcgOfCases[2]).toBeCloseTo(1, 12);
});
