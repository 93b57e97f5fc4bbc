import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Metrics, measure } from '../../src/evaluate/metrics.js';
import { rankScores } from '../../src/evaluate/ranks.js';
import type { NativeCases, RankedCases } from '../../src/native.js';

/** Cases without histories, except for the rows given as seen. */
function makeCases(targets: number[][], seen: number[][] = targets.map(() => [])): NativeCases {
  const sum = (lists: number[][]): Float64Array => {
    const offsets = new Float64Array(lists.length + 1);
    for (const [index, list] of lists.entries()) offsets[index + 1] = (offsets[index] ?? 0) + list.length;
    return offsets;
  };
  const events = seen.flat();
  return {
    histories: {
      offsets: sum(seen),
      rows: Uint32Array.from(events),
      types: new Uint16Array(events.length),
      weights: new Float32Array(events.length).fill(1),
      times: new Float64Array(events.length),
    },
    targetOffsets: sum(targets),
    targets: Uint32Array.from(targets.flat()),
  };
}

function rank(scores: number[][], cases: NativeCases, excludeSeen = false, k = 5): RankedCases {
  const items = scores[0]?.length ?? 0;
  return rankScores(cases, { items, excludeSeen, k, score: (index, out) => out.set(scores[index] ?? []) });
}

interface Oracle {
  recall: number;
  precision: number;
  f1: number;
  hitRate: number;
  ndcg: number;
  mrr: number;
  auc: number;
}

/** All orders of a list. */
function permutations<T>(list: T[]): T[][] {
  if (list.length <= 1) return [list];
  return list.flatMap((first, index) => permutations([...list.slice(0, index), ...list.slice(index + 1)]).map((rest) => [first, ...rest]));
}

/** All orders of the items by score: those of equal score in every order. */
function orders(scores: number[]): number[][] {
  const groups = new Map<number, number[]>();
  for (const [item, score] of scores.entries()) groups.set(score, [...(groups.get(score) ?? []), item]);
  const sorted = [...groups.entries()].sort(([a], [b]) => b - a).map(([, items]) => permutations(items));
  return sorted.reduce<number[][]>((heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, ...tail])), [[]]);
}

/** The metrics by their definitions, on one strict order. */
function byDefinition(order: number[], targets: Set<number>, k: number): Oracle {
  const hits = order.slice(0, k).filter((item) => targets.has(item)).length;
  const recall = hits / targets.size;
  const precision = hits / k;
  let dcg = 0;
  for (const [index, item] of order.slice(0, k).entries()) if (targets.has(item)) dcg += 1 / Math.log2(index + 2);
  let ideal = 0;
  for (let index = 0; index < Math.min(k, targets.size); index++) ideal += 1 / Math.log2(index + 2);
  const first = order.findIndex((item) => targets.has(item));
  let won = 0;
  let pairs = 0;
  for (const [position, item] of order.entries()) {
    if (!targets.has(item)) continue;
    for (const [other, rival] of order.entries()) {
      if (targets.has(rival)) continue;
      pairs++;
      if (other > position) won++;
    }
  }
  return {
    recall,
    precision,
    f1: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    hitRate: hits > 0 ? 1 : 0,
    ndcg: dcg / ideal,
    mrr: first < 0 ? 0 : 1 / (first + 1),
    auc: pairs === 0 ? 1 : won / pairs,
  };
}

function meanOver(results: Oracle[]): Oracle {
  const mean = (pick: (result: Oracle) => number): number => results.reduce((sum, result) => sum + pick(result), 0) / results.length;
  return {
    recall: mean((result) => result.recall),
    precision: mean((result) => result.precision),
    f1: mean((result) => result.f1),
    hitRate: mean((result) => result.hitRate),
    ndcg: mean((result) => result.ndcg),
    mrr: mean((result) => result.mrr),
    auc: mean((result) => result.auc),
  };
}

function expectSame(metrics: Metrics, k: number, oracle: Partial<Oracle>): void {
  const got = new Map<string, number>(Object.entries({ ...metrics.at.get(k), mrr: metrics.mrr, auc: metrics.auc }));
  for (const [name, value] of Object.entries(oracle)) expect(got.get(name), name).toBeCloseTo(value, 10);
}

describe('worked examples', () => {
  test('one target at rank 3 of 6', () => {
    const cases = makeCases([[2]]);
    const metrics = measure(cases, rank([[9, 8, 7, 6, 5, 4]], cases), { items: 6, ks: [2, 3], excludeSeen: false });
    expect(metrics.at.get(2)).toMatchObject({ recall: 0, ndcg: 0, hitRate: 0 });
    expect(metrics.at.get(3)).toMatchObject({ recall: 1, hitRate: 1, precision: 1 / 3, f1: 0.5 });
    expect(metrics.at.get(3)?.ndcg).toBeCloseTo(0.5, 12);
    expect(metrics.mrr).toBeCloseTo(1 / 3, 12);
    // Of five other items two stand above.
    expect(metrics.auc).toBeCloseTo(3 / 5, 12);
    expect(metrics.aucCandidates).toBeCloseTo(3 / 5, 12);
  });

  test('two targets at ranks 1 and 4: the ideal is cut at k', () => {
    const cases = makeCases([[0, 3]]);
    const metrics = measure(cases, rank([[9, 8, 7, 6, 5]], cases), { items: 5, ks: [1, 4], excludeSeen: false });
    expect(metrics.at.get(1)).toMatchObject({ recall: 0.5, precision: 1, ndcg: 1 });
    const ideal = 1 + 1 / Math.log2(3);
    expect(metrics.at.get(4)?.ndcg).toBeCloseTo((1 + 1 / Math.log2(5)) / ideal, 12);
    expect(metrics.mrr).toBe(1);
  });

  test('a target tied with three others at ranks 1 to 4 is expected in the middle', () => {
    const cases = makeCases([[1]]);
    const metrics = measure(cases, rank([[5, 5, 5, 5, 1]], cases), { items: 5, ks: [1, 2], excludeSeen: false });
    expect(metrics.at.get(1)?.recall).toBeCloseTo(1 / 4, 12);
    expect(metrics.at.get(2)?.ndcg).toBeCloseTo((1 + 1 / Math.log2(3)) / 4, 12);
    expect(metrics.mrr).toBeCloseTo((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4, 12);
    expect(metrics.auc).toBeCloseTo((1 + 1.5) / 4, 12);
  });

  test('NaN ranks last, tied with other NaN', () => {
    const cases = makeCases([[0], [2]]);
    const scores = [
      [Number.NaN, 1, Number.NaN, 0],
      [Number.NaN, Number.NEGATIVE_INFINITY, 0, 1],
    ];
    const ranked = rank(scores, cases);
    expect([...ranked.above]).toEqual([2, 1]);
    expect([...ranked.tied]).toEqual([1, 0]);
  });

  test('what was not recalled: nothing in mrr and at k, last and tied in auc, absent from aucCandidates', () => {
    const cases = makeCases([[4], [0]]);
    const ranked: RankedCases = {
      above: Uint32Array.from([0, 1]),
      tied: Uint32Array.from([0, 0]),
      recalled: Uint8Array.from([0, 1]),
      eligible: Uint32Array.from([10, 10]),
      scored: Uint32Array.from([3, 3]),
      top: Uint32Array.from([1, 2, 3, 1, 0, 2]),
    };
    const metrics = measure(cases, ranked, { items: 10, ks: [3], excludeSeen: false });
    expect(metrics.at.get(3)?.recall).toBe(0.5);
    expect(metrics.mrr).toBeCloseTo(1 / 4, 12);
    // First: 3 of 9 rivals above, 6 tied. Second: 1 of 9 above.
    expect(metrics.auc).toBeCloseTo((3 / 9 + 8 / 9) / 2, 12);
    expect(metrics.aucCandidates).toBeCloseTo(1 / 2, 12);
    expect(metrics.aucCandidatesCases).toBe(1);
    expect(metrics.at.get(3)?.coverage).toBeCloseTo(4 / 10, 12);
  });

  test('a seen target cannot be shown: it is a miss and loses every pair', () => {
    const cases = makeCases([[0, 1]], [[0, 2]]);
    const metrics = measure(cases, rank([[9, 8, 7, 6]], cases, true), { items: 4, ks: [2], excludeSeen: true });
    expect(metrics.at.get(2)).toMatchObject({ recall: 0.5 });
    expect(metrics.auc).toBeCloseTo(1 / 2, 12);
  });
});

describe('against brute force over all orders of ties', () => {
  const score = fc.constantFrom(0, 1, 2, 3);
  const world = fc.record({
    scores: fc.array(score, { minLength: 2, maxLength: 6 }),
    marks: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    k: fc.integer({ min: 1, max: 7 }),
  });

  test('any scores, any targets, any k', () => {
    fc.assert(
      fc.property(world, ({ scores, marks, k }) => {
        const targets = scores.map((_, item) => item).filter((item) => marks[item]);
        fc.pre(targets.length > 0);
        const cases = makeCases([targets]);
        const metrics = measure(cases, rank([scores], cases), { items: scores.length, ks: [k], excludeSeen: false });
        const oracle = meanOver(orders(scores).map((order) => byDefinition(order, new Set(targets), k)));
        expectSame(metrics, k, oracle);
        if (targets.length < scores.length) expect(metrics.aucCandidates).toBeCloseTo(oracle.auc, 10);
      }),
      { numRuns: 300 },
    );
  });

  test('with some items not recalled: they stand last, tied, and count nowhere but in auc', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 0, max: 3 }), ({ scores, marks, k }, hidden) => {
        const recalledItems = Math.max(1, scores.length - hidden);
        const targets = scores.map((_, item) => item).filter((item) => marks[item]);
        fc.pre(targets.length > 0);
        const cases = makeCases([targets]);
        // Items from recalledItems on were not recalled: lowest of all in auc, and no hit anywhere else.
        const full = scores.map((value, item) => (item < recalledItems ? value : -1));
        const ranked = rank([full], cases);
        ranked.scored[0] = recalledItems;
        for (const [index, item] of targets.entries()) if (item >= recalledItems) ranked.recalled[index] = 0;
        const metrics = measure(cases, ranked, { items: scores.length, ks: [k], excludeSeen: false });
        const all = meanOver(orders(full).map((order) => byDefinition(order, new Set(targets), k)));
        expect(metrics.auc).toBeCloseTo(all.auc, 10);
        const shown = orders(full).map((order) =>
          byDefinition(
            order.filter((item) => item < recalledItems),
            new Set(targets),
            k,
          ),
        );
        const rest: Partial<Oracle> = meanOver(shown);
        delete rest.auc;
        expectSame(metrics, k, rest);
      }),
      { numRuns: 300 },
    );
  });
});
