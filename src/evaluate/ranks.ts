/** Ranks by scores that JavaScript computes: for baselines that are no part of the native core. */

import type { NativeCases, RankedCases } from '../native.js';

export interface RankScoresOptions {
  /** Items of the catalogue; all are scored. */
  items: number;
  /** Rows of positive events in a case's history cannot be shown again. */
  excludeSeen: boolean;
  /** Length of the lists in `top`. */
  k: number;
  /** Writes the scores of one case's items, by row; higher is better, NaN ranks last. */
  score: (index: number, scores: Float64Array) => void;
}

const NO_ROW = 0xffffffff;

/** Where the targets of each case stand among all items. Lists in `top` order ties by row; counts above and tied are exact. */
export function rankScores(cases: NativeCases, options: RankScoresOptions): RankedCases {
  const { items, k } = options;
  const count = cases.targetOffsets.length - 1;
  const ranked: RankedCases = {
    above: new Uint32Array(cases.targets.length),
    tied: new Uint32Array(cases.targets.length),
    recalled: new Uint8Array(cases.targets.length),
    eligible: new Uint32Array(count),
    scored: new Uint32Array(count),
    top: new Uint32Array(count * k).fill(NO_ROW),
  };
  const scores = new Float64Array(items);
  for (let index = 0; index < count; index++) {
    options.score(index, scores);
    const shown = eligibleRows(cases, index, options);
    // NaN as the lowest score: last, and tied with every other NaN.
    for (const row of shown) if (Number.isNaN(scores[row])) scores[row] = Number.NEGATIVE_INFINITY;
    ranked.eligible[index] = shown.length;
    ranked.scored[index] = shown.length;
    const isShown = new Set(shown);
    for (let target = cases.targetOffsets[index] ?? 0; target < (cases.targetOffsets[index + 1] ?? 0); target++) {
      const row = cases.targets[target] ?? NO_ROW;
      if (!isShown.has(row)) continue;
      const own = scores[row] ?? Number.NEGATIVE_INFINITY;
      let above = 0;
      let tied = -1;
      for (const other of shown) {
        const score = scores[other] ?? Number.NEGATIVE_INFINITY;
        if (score > own) above++;
        else if (score === own) tied++;
      }
      ranked.above[target] = above;
      ranked.tied[target] = tied;
      ranked.recalled[target] = 1;
    }
    const best = shown.sort((a, b) => compare(scores[b], scores[a]) || a - b).subarray(0, k);
    ranked.top.set(best, index * k);
  }
  return ranked;
}

/** Infinities compare equal to themselves, which their difference does not. */
function compare(a = Number.NEGATIVE_INFINITY, b = Number.NEGATIVE_INFINITY): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function eligibleRows(cases: NativeCases, index: number, { items, excludeSeen }: RankScoresOptions): Uint32Array {
  const { offsets, rows, weights } = cases.histories;
  const seen = new Set<number>();
  if (excludeSeen) {
    for (let event = offsets[index] ?? 0; event < (offsets[index + 1] ?? 0); event++) {
      const row = rows[event];
      if (row !== undefined && (weights[event] ?? 0) > 0) seen.add(row);
    }
  }
  const shown = new Uint32Array(items);
  let count = 0;
  for (let row = 0; row < items; row++) if (!seen.has(row)) shown[count++] = row;
  return shown.subarray(0, count);
}
