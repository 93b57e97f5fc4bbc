import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { categoryScorer } from '../../src/evaluate/baselines/category.js';
import { randomScorer } from '../../src/evaluate/baselines/random.js';
import { repeatScorer } from '../../src/evaluate/baselines/repeat.js';
import { tfidfScorer, wordsIn } from '../../src/evaluate/baselines/tfidf.js';
import { coldItems } from '../../src/evaluate/cold.js';
import type { ItemField, ItemRecords } from '../../src/evaluate/data/items.js';
import { pathsOf } from '../../src/evaluate/data/paths.js';
import { emptyHistories, type Interactions } from '../../src/evaluate/interactions.js';
import { rankScores, rankScoresAmong, type Scorer } from '../../src/evaluate/ranks.js';
import { type EvaluateOptions, evaluate } from '../../src/evaluate/run.js';
import type { NativeCases, NativeHistories } from '../../src/native.js';

function historiesOf(users: readonly (readonly number[])[], weight: (row: number) => number = () => 1): NativeHistories {
  const histories = emptyHistories(users.length, users.flat().length);
  let place = 0;
  for (const [user, rows] of users.entries()) {
    histories.rows.set(rows, place);
    place += rows.length;
    histories.offsets[user + 1] = place;
  }
  histories.weights.set(Array.from(histories.rows, weight));
  return histories;
}

function casesOf(asked: readonly [history: number[], target: number[]][]): NativeCases {
  const targetOffsets = Float64Array.from({ length: asked.length + 1 }, (_, index) =>
    asked.slice(0, index).reduce((sum, [, targets]) => sum + targets.length, 0),
  );
  return {
    histories: historiesOf(asked.map(([history]) => history)),
    targetOffsets,
    targets: Uint32Array.from(asked.flatMap(([, targets]) => targets)),
  };
}

const recordsOf = (...fields: ItemField[]): ItemRecords => ({ fields, missing: 0, unused: 0, ignored: [], rejected: {} });
const text = (values: (string | null)[]): ItemField => ({ name: 'title', kind: 'text', values });
const paths = (values: (string | null)[]): ItemField => ({
  name: 'categories',
  kind: 'path',
  values: values.map((value) => (value === null ? null : pathsOf(value))),
});

function scoresOf(scorer: Scorer, index: number, items: number): number[] {
  // Scorers write every score: what stood there before is of another case.
  const scores = new Float64Array(items).fill(99);
  scorer(index, scores);
  return [...scores];
}

describe('tf-idf', () => {
  test('words are those of any script, in lower case', () => {
    expect(wordsIn('OPI Nail-Lacquer, 0.5 Fluid Ounce: Été!')).toEqual(['opi', 'nail', 'lacquer', '0.5', 'fluid', 'ounce', 'été']);
    expect(wordsIn('我喜欢绿茶。').join('')).toBe('我喜欢绿茶');
    expect(wordsIn('我喜欢绿茶。').length).toBeGreaterThan(1);
    expect(wordsIn(' — ')).toEqual([]);
  });

  test('a worked example', () => {
    // tea is in two of three items, pot in two: idf ln(4 / 3) + 1; green in one: ln 2 + 1. The item without words has no part in it.
    const records = recordsOf(text(['Green tea tea', 'Tea pot', 'POT', null]));
    const [tea, green] = [Math.log(4 / 3) + 1, Math.log(2) + 1];
    const twice = (1 + Math.log(2)) * tea;
    const first = Math.hypot(twice, green);
    const scores = scoresOf(tfidfScorer(records, historiesOf([[1], [2, 2, 0]]), 4), 0, 4);
    expect(scores[0]).toBeCloseTo((twice / first) * Math.SQRT1_2, 12);
    expect(scores[1]).toBeCloseTo(1, 12);
    expect(scores[2]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(scores[3]).toBe(0);
    // A sum over the history: twice the pot, once the green tea.
    const sums = scoresOf(tfidfScorer(records, historiesOf([[1], [2, 2, 0]]), 4), 1, 4);
    expect(sums[2]).toBeCloseTo(2, 12);
    expect(sums[0]).toBeCloseTo(1, 12);
  });

  test('each node of the paths counts once, what speaks against an item not at all', () => {
    const both = recordsOf(paths(['Drinks > Tea || Drinks > Gifts', 'Drinks > Tea', 'Tools']));
    const scores = scoresOf(tfidfScorer(both, historiesOf([[1]]), 3), 0, 3);
    const [common, rare] = [Math.log(4 / 3) + 1, Math.log(2) + 1];
    expect(scores[0]).toBeCloseTo(Math.hypot(common, common) / Math.hypot(common, common, rare), 12);
    expect(scores[2]).toBe(0);
    const dismissed = historiesOf([[1, 2]], (row) => (row === 1 ? -1 : 1));
    expect(scoresOf(tfidfScorer(both, dismissed, 3), 0, 3)).toEqual([0, 0, expect.closeTo(1, 12)]);
  });

  test('any words, any histories, any cold items: as by definition', () => {
    const words = ['red', 'blue', 'tea', 'pot', 'cup'];
    const world = fc.record({
      titles: fc.array(fc.array(fc.constantFrom(...words), { maxLength: 6 }), { minLength: 2, maxLength: 7 }),
      picks: fc.array(fc.nat({ max: 6 }), { maxLength: 5 }),
      marks: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
    });
    fc.assert(
      fc.property(world, ({ titles, picks, marks }) => {
        const history = picks.filter((row) => row < titles.length && !marks[row]);
        const cold = titles.map((_, row) => row).filter((row) => marks[row]);
        const warm = titles.filter((title, row) => !marks[row] && title.length > 0);
        const idf = (word: string): number => {
          const df = warm.filter((title) => title.includes(word)).length;
          return df === 0 ? 0 : Math.log((1 + warm.length) / (1 + df)) + 1;
        };
        const vectors = titles.map((title) => {
          const raw = words.map((word) => {
            const tf = title.filter((other) => other === word).length;
            return tf === 0 ? 0 : (1 + Math.log(tf)) * idf(word);
          });
          const length = Math.hypot(...raw);
          return raw.map((weight) => (length === 0 ? 0 : weight / length));
        });
        const user = words.map((_, word) => history.reduce((sum, row) => sum + (vectors[row]?.[word] ?? 0), 0));
        const expected = vectors.map((vector) => vector.reduce((sum, weight, word) => sum + weight * (user[word] ?? 0), 0));
        const records = recordsOf(text(titles.map((title) => title.join(' '))));
        const scores = scoresOf(tfidfScorer(records, historiesOf([history]), titles.length, cold), 0, titles.length);
        for (const [row, score] of scores.entries()) expect(score).toBeCloseTo(expected[row] ?? Number.NaN, 10);
      }),
      { numRuns: 300 },
    );
  });
});

describe('category', () => {
  const records = recordsOf(paths(['A', 'A', 'B || C', 'C', 'C > D', null, 'B']));
  // Training: C three times and a half, B half, A once.
  const train = historiesOf([
    [0, 3, 3],
    [3, 2],
  ]);
  const order = (history: number[]): number[][] => {
    const scores = scoresOf(categoryScorer(records, train, historiesOf([history]), 7), 0, 7);
    const levels = [...new Set(scores)].sort((a, b) => b - a);
    return levels.map((level) => scores.flatMap((score, row) => (score === level ? [row] : [])));
  };

  test('shares come first, then popularity; an item stands with the best of its categories', () => {
    // B and C half an event each, A one.
    expect(order([0, 2])).toEqual([[0, 1], [2, 3], [6], [4], [5]]);
    // Nothing known: popularity alone. D is a category of its own, and nobody took from it.
    expect(order([])).toEqual([[2, 3], [0, 1], [6], [4], [5]]);
    expect(order([4])).toEqual([[4], [2, 3], [0, 1], [6], [5]]);
    expect(order([6, 6, 0])).toEqual([[2, 6], [0, 1], [3], [4], [5]]);
    // An item without a category says nothing.
    expect(order([5, 0])).toEqual(order([0]));
  });

  test('without paths the values of categories are gone by', () => {
    const brands = recordsOf({ name: 'brand', kind: 'category', values: ['x', 'y', 'x', null] });
    expect(scoresOf(categoryScorer(brands, historiesOf([[1]]), historiesOf([[0]]), 4), 0, 4)).toEqual([4, 2, 4, 0]);
  });
});

test('random scores are repeated by the seed, and even over items and cases', () => {
  const draws = Array.from({ length: 400 }, (_, index) => scoresOf(randomScorer(7), index, 50));
  expect(scoresOf(randomScorer(7), 3, 50)).toEqual(draws[3]);
  expect(scoresOf(randomScorer(8), 3, 50)).not.toEqual(draws[3]);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  // Six standard errors of a uniform number over 400 cases.
  for (let row = 0; row < 50; row++) expect(Math.abs(mean(draws.map((draw) => draw[row] ?? 0)) - 0.5)).toBeLessThan(6 * 0.2887 * 0.05);
});

test('repeat: decayed purchases, then popularity', () => {
  const day = 86_400_000;
  const history = historiesOf([[0, 0, 1]]);
  // Two purchases 180 days old make half of one that is new.
  history.times.set([0, 0, 180 * day]);
  const train = historiesOf([[3, 3, 2]]);
  const [first = 0, second = 0, third = 0, fourth = 0] = scoresOf(repeatScorer(train, history, 4), 0, 4);
  expect(second).toBeGreaterThan(first);
  expect(first).toBeGreaterThan(fourth);
  expect(fourth).toBeGreaterThan(third);
});

describe('ranks', () => {
  test('among some rows, and lists of the best, are those of the whole order without the others', () => {
    const world = fc.record({
      scores: fc.array(fc.constantFrom(0, 1, 2, Number.NaN, Number.NEGATIVE_INFINITY), { minLength: 1, maxLength: 9 }),
      members: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
      seen: fc.array(fc.nat({ max: 8 }), { maxLength: 3 }),
      target: fc.nat({ max: 8 }),
      k: fc.integer({ min: 1, max: 10 }),
      excludeSeen: fc.boolean(),
    });
    fc.assert(
      fc.property(world, ({ scores, members, seen, target, k, excludeSeen }) => {
        const items = scores.length;
        const row = target % items;
        const history = seen.map((other) => other % items);
        const cases = casesOf([
          [history, [row]],
          [[], [row]],
        ]);
        const score: Scorer = (_, out) => out.set(scores);
        const rows = Uint32Array.from(scores.keys()).filter((other) => members[other]);
        const options = { items, excludeSeen, k, score };
        const { all, among } = rankScoresAmong(cases, rows, options);
        expect(all).toEqual(rankScores(cases, options));
        const value = (other: number): number => (Number.isNaN(scores[other]) ? Number.NEGATIVE_INFINITY : (scores[other] ?? 0));
        for (const [ranked, pool] of [[all, [...scores.keys()]] as const, [among, [...rows]] as const]) {
          for (const index of [0, 1]) {
            const shown = pool.filter((other) => !(excludeSeen && index === 0 && history.includes(other)));
            const recalled = shown.includes(row);
            const best = [...shown].sort((a, b) => (value(a) === value(b) ? a - b : value(b) > value(a) ? 1 : -1)).slice(0, k);
            expect([...ranked.top.subarray(index * k, index * k + k)]).toEqual([
              ...best,
              ...new Array<number>(k - best.length).fill(0xffffffff),
            ]);
            expect(ranked.eligible[index]).toBe(shown.length);
            expect(ranked.recalled[index]).toBe(recalled ? 1 : 0);
            if (!recalled) continue;
            expect(ranked.above[index]).toBe(shown.filter((other) => value(other) > value(row)).length);
            expect(ranked.tied[index]).toBe(shown.filter((other) => other !== row && value(other) === value(row)).length);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('evaluate', () => {
  const options: Omit<EvaluateOptions, 'model'> = { excludeSeen: true, ks: [1, 10], seed: 1, threads: 1 };
  // Even items are red, odd ones blue, and every user keeps to one colour.
  const users = Array.from({ length: 30 }, (_, user) => Array.from({ length: 8 }, (_, step) => ((user * 3 + step) % 10) * 2 + (user % 2)));
  const interactions: Interactions = {
    users: users.map((_, user) => `u${user}`),
    items: Array.from({ length: 20 }, (_, row) => `i${row}`),
    histories: historiesOf(users),
    baskets: undefined,
    anonymous: undefined,
    timed: false,
    rejected: {},
  };
  const split = coldItems(interactions, { share: 0.3, seed: 2 });
  const colours = interactions.items.map((_, row) => (row % 2 === 0 ? 'red' : 'blue'));

  test('among the held-out items those of the shopper’s colour are first, all tied', async () => {
    const withRecords = { ...split, records: recordsOf(text(colours), paths(colours)) };
    const red = split.coldItems?.rows.filter((row) => row % 2 === 0).length ?? 0;
    const blue = 6 - red;
    const { targets } = split.test;
    const expected = targets.reduce((sum, row) => sum + 1 / (row % 2 === 0 ? red : blue), 0) / targets.length;
    for (const model of ['tfidf', 'category'] as const) {
      const { cold, metrics, report } = await evaluate(withRecords, { ...options, model });
      expect(cold?.cases).toBe(targets.length);
      expect(cold?.at.get(1)?.recall).toBeCloseTo(expected, 10);
      expect(cold?.at.get(10)?.recall).toBe(1);
      expect(metrics.at.get(1)?.recall ?? 1).toBeLessThan(expected);
      expect(report).toBeNull();
    }
    const { cold } = await evaluate(split, { ...options, model: 'random' });
    expect(cold?.at.get(10)?.recall).toBe(1);
  });

  test.each(['popularity', 'rules'] as const)('%s recalls no held-out item: among themselves all stand last, tied', async (model) => {
    const { cold, metrics } = await evaluate(split, { ...options, model });
    expect(metrics.cases).toBe(split.test.targets.length);
    expect(cold).toMatchObject({ cases: split.test.targets.length, recalledTargets: 0, mrr: 0 });
    // Nobody is shown what nothing recalled; pairs of equals are half won.
    for (const at of cold?.at.values() ?? []) expect(at).toMatchObject({ recall: 0, ndcg: 0, coverage: 0 });
    expect(cold?.auc).toBe(0.5);
  });

  test('content ranks held-out items by what they are about', async () => {
    const withRecords = { ...split, records: recordsOf(text(colours), paths(colours)) };
    const { cold } = await evaluate(withRecords, { ...options, model: 'content' });
    const red = split.coldItems?.rows.filter((row) => row % 2 === 0).length ?? 0;
    const { targets } = split.test;
    const expected = targets.reduce((sum, row) => sum + 1 / (row % 2 === 0 ? red : 6 - red), 0) / targets.length;
    expect(cold?.at.get(1)?.recall).toBeCloseTo(expected, 10);
    expect(cold?.at.get(10)?.recall).toBe(1);
  });

  test('models of content say what they lack', async () => {
    await expect(evaluate(split, { ...options, model: 'tfidf' })).rejects.toThrow(/items: expected a file of items, .*tfidf/);
    const titles = { ...split, records: recordsOf(text(colours)) };
    await expect(evaluate(titles, { ...options, model: 'category' })).rejects.toThrow(/items: expected .* categories, got "title"/);
  });
});
