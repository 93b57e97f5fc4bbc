/** Ranks by scores that JavaScript computes: for baselines that are no part of the native core. */

import type { NativeCases, RankedCases } from '../native.js';

/** Writes the scores of one case's items, by row; higher is better, NaN ranks last. */
export type Scorer = (index: number, scores: Float64Array) => void;

export interface RankScoresOptions {
  /** Items of the catalogue; all are scored. */
  items: number;
  /** Rows of positive events in a case's history cannot be shown again. */
  excludeSeen: boolean;
  /** Length of the lists in `top`. */
  k: number;
  score: Scorer;
}

const NO_ROW = 0xffffffff;

/** The best rows of those offered, best first; of equal scores the row that came first. */
class Best {
  readonly rows: Uint32Array;
  private readonly scores: Float64Array;
  private count = 0;

  constructor(private readonly k: number) {
    this.rows = new Uint32Array(k).fill(NO_ROW);
    this.scores = new Float64Array(k);
  }

  clear(): void {
    this.rows.fill(NO_ROW);
    this.count = 0;
  }

  offer(row: number, score: number): void {
    const { count, k, scores, rows } = this;
    if (count === k && (k === 0 || score <= (scores[k - 1] ?? 0))) return;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((scores[middle] ?? 0) >= score) low = middle + 1;
      else high = middle;
    }
    const last = Math.min(count, k - 1);
    rows.copyWithin(low + 1, low, last);
    scores.copyWithin(low + 1, low, last);
    rows[low] = row;
    scores[low] = score;
    this.count = last + 1;
  }
}

/** One set of rows that are ranked against each other. */
class Pool {
  readonly ranked: RankedCases;
  private readonly isMember: Uint8Array;
  private readonly best: Best;

  /** @param members ascending rows. */
  constructor(
    private readonly members: Uint32Array,
    private readonly cases: NativeCases,
    { items, k }: RankScoresOptions,
  ) {
    const count = cases.targetOffsets.length - 1;
    this.best = new Best(k);
    this.isMember = new Uint8Array(items);
    for (const row of members) this.isMember[row] = 1;
    this.ranked = {
      above: new Uint32Array(cases.targets.length),
      tied: new Uint32Array(cases.targets.length),
      recalled: new Uint8Array(cases.targets.length),
      eligible: new Uint32Array(count),
      scored: new Uint32Array(count),
      top: new Uint32Array(count * k).fill(NO_ROW),
    };
  }

  /** @param hidden rows marked 1 cannot be shown. */
  rank(index: number, scores: Float64Array, hidden: Uint8Array): void {
    const { best, cases, members, ranked } = this;
    best.clear();
    let shown = 0;
    // Index loops: they pass over all items for each case, and an iterator costs as much again.
    for (let member = 0; member < members.length; member++) {
      const row = members[member] ?? NO_ROW;
      if (hidden[row] === 1) continue;
      shown++;
      best.offer(row, scores[row] ?? Number.NEGATIVE_INFINITY);
    }
    ranked.eligible[index] = shown;
    ranked.scored[index] = shown;
    ranked.top.set(best.rows, index * best.rows.length);
    for (let target = cases.targetOffsets[index] ?? 0; target < (cases.targetOffsets[index + 1] ?? 0); target++) {
      const row = cases.targets[target] ?? NO_ROW;
      if (this.isMember[row] !== 1 || hidden[row] === 1) continue;
      const own = scores[row] ?? Number.NEGATIVE_INFINITY;
      let above = 0;
      let tied = -1;
      for (let member = 0; member < members.length; member++) {
        const other = members[member] ?? NO_ROW;
        if (hidden[other] === 1) continue;
        const score = scores[other] ?? Number.NEGATIVE_INFINITY;
        if (score > own) above++;
        else if (score === own) tied++;
      }
      ranked.above[target] = above;
      ranked.tied[target] = tied;
      ranked.recalled[target] = 1;
    }
  }
}

/** Scores each case once, and ranks every pool by that. */
function rankPools(cases: NativeCases, options: RankScoresOptions, pools: readonly Pool[]): void {
  const { rows, weights, offsets } = cases.histories;
  const scores = new Float64Array(options.items);
  const hidden = new Uint8Array(options.items);
  for (let index = 0; index + 1 < cases.targetOffsets.length; index++) {
    options.score(index, scores);
    // NaN as the lowest score: last, and tied with every other NaN.
    for (let row = 0; row < scores.length; row++) if (Number.isNaN(scores[row])) scores[row] = Number.NEGATIVE_INFINITY;
    const mark = (value: number): void => {
      for (let event = offsets[index] ?? 0; event < (offsets[index + 1] ?? 0); event++)
        if ((weights[event] ?? 0) > 0) hidden[rows[event] ?? 0] = value;
    };
    if (options.excludeSeen) mark(1);
    for (const pool of pools) pool.rank(index, scores, hidden);
    if (options.excludeSeen) mark(0);
  }
}

/** Where the targets of each case stand among all items. Lists in `top` order ties by row; counts above and tied are exact. */
export function rankScores(cases: NativeCases, options: RankScoresOptions): RankedCases {
  const all = new Pool(
    Uint32Array.from({ length: options.items }, (_, row) => row),
    cases,
    options,
  );
  rankPools(cases, options, [all]);
  return all.ranked;
}

/** The same, and where they stand among the given (ascending) rows alone. */
export function rankScoresAmong(
  cases: NativeCases,
  rows: Uint32Array,
  options: RankScoresOptions,
): { all: RankedCases; among: RankedCases } {
  const all = new Pool(
    Uint32Array.from({ length: options.items }, (_, row) => row),
    cases,
    options,
  );
  const among = new Pool(rows, cases, options);
  rankPools(cases, options, [all, among]);
  return { all: all.ranked, among: among.ranked };
}
