/**
 * Metrics of ranking, from where each target stands. All are means over cases; ties take their exact expectation.
 *
 *   recall@k      targets among the first k / targets
 *   precision@k   targets among the first k / k
 *   f1@k          2 x targets among the first k / (k + targets): the harmonic mean of the two above
 *   hitRate@k     probability that any target is among the first k
 *   ndcg@k        DCG with binary gains, 1 / log2(rank + 1), over that of the best order, both cut at k (Järvelin & Kekäläinen 2002)
 *   mrr           1 / rank of the first target, uncut; 0 when no target was recalled
 *   mrr@k         the same, 0 beyond rank k
 *   auc           share of (target, other item) pairs in the right order, ties half, over all eligible items: those not recalled
 *                 stand last, tied; a target that may not be shown loses every pair
 *   aucCandidates the same over recalled items alone, over the cases that recalled a target and something else
 *   coverage@k    distinct items in the first k of all cases / items of the catalogue
 *
 * Targets that were never seen in training stay in every denominator.
 */

import type { NativeCases, RankedCases } from '../native.js';
import { anyInTop, inTop, RankSums } from './ties.js';

/** Metrics at one k. */
export interface MetricsAt {
  recall: number;
  precision: number;
  f1: number;
  hitRate: number;
  ndcg: number;
  mrr: number;
  coverage: number;
}

export interface Metrics {
  cases: number;
  /** Targets of all cases, and how many of them were recalled. */
  targets: number;
  recalledTargets: number;
  at: Map<number, MetricsAt>;
  mrr: number;
  auc: number;
  /** NaN when no case counts. */
  aucCandidates: number;
  /** Cases that aucCandidates is the mean of. */
  aucCandidatesCases: number;
  /** ndcg@10 of each case, whatever the cut-offs: what models are compared by, case by case (see paired.ts). */
  ndcgOfCases: Float64Array;
}

/** The cut-off of `ndcgOfCases`. */
export const COMPARED_AT = 10;

export interface MeasureOptions {
  /** Items of the catalogue. */
  items: number;
  /** Cut-offs; the lists in `top` must be at least as long as the largest. */
  ks: readonly number[];
  /** Whether the ranking left out what the shopper already had: such a target cannot be shown. */
  excludeSeen: boolean;
}

/** Targets of one case that share a score. */
interface TieGroup {
  above: number;
  /** Items of that score, the targets too. */
  size: number;
  targets: number;
}

const NO_ROW = 0xffffffff;

/** Means over cases of the metrics above. */
export function measure(cases: NativeCases, ranked: RankedCases, options: MeasureOptions): Metrics {
  const { ks } = options;
  const count = cases.targetOffsets.length - 1;
  const sums = new RankSums(Math.max(COMPARED_AT, options.items, ...ks));
  const at = new Map<number, MetricsAt>(ks.map((k) => [k, { recall: 0, precision: 0, f1: 0, hitRate: 0, ndcg: 0, mrr: 0, coverage: 0 }]));
  const total = {
    cases: count,
    targets: cases.targets.length,
    recalledTargets: 0,
    mrr: 0,
    auc: 0,
    aucCandidates: 0,
    aucCandidatesCases: 0,
  };
  const ndcgOfCases = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const groups = tieGroups(cases, ranked, index);
    const targets = (cases.targetOffsets[index + 1] ?? 0) - (cases.targetOffsets[index] ?? 0);
    const best = groups[0];
    for (const [k, metrics] of at) {
      let hits = 0;
      let gain = 0;
      for (const group of groups) {
        hits += group.targets * inTop(group.above, group.size, k);
        gain += group.targets * sums.gain(group.above, group.size, k);
      }
      metrics.recall += hits / targets;
      metrics.precision += hits / k;
      metrics.f1 += (2 * hits) / (k + targets);
      metrics.ndcg += gain / sums.idealGain(targets, k);
      if (!best) continue;
      metrics.hitRate += anyInTop(best.above, best.size, best.targets, k);
      metrics.mrr += sums.reciprocal(best.above, best.size, best.targets, k);
    }
    const gains = groups.reduce((sum, { above, size, targets: own }) => sum + own * sums.gain(above, size, COMPARED_AT), 0);
    ndcgOfCases[index] = gains / sums.idealGain(targets, COMPARED_AT);
    if (best) total.mrr += sums.reciprocal(best.above, best.size, best.targets);
    const recalled = groups.reduce((sum, group) => sum + group.targets, 0);
    total.recalledTargets += recalled;
    const scored = ranked.scored[index] ?? 0;
    total.auc += aucOverAll(
      groups,
      targets,
      recalled,
      { scored, eligible: ranked.eligible[index] ?? 0 },
      eligibleTargets(cases, index, options.excludeSeen),
    );
    if (recalled > 0 && scored > recalled) {
      total.aucCandidates += wonPairs(groups, scored - recalled) / recalled;
      total.aucCandidatesCases++;
    }
  }
  for (const [k, metrics] of at) {
    for (const name of ['recall', 'precision', 'f1', 'hitRate', 'ndcg', 'mrr'] as const) metrics[name] /= count;
    metrics.coverage = coverage(ranked, count, k, options.items);
  }
  const aucCandidates = total.aucCandidates / total.aucCandidatesCases;
  return { ...total, at, mrr: total.mrr / count, auc: total.auc / count, aucCandidates, ndcgOfCases };
}

/** Recalled targets by score, best first. */
function tieGroups(cases: NativeCases, ranked: RankedCases, index: number): TieGroup[] {
  const groups: TieGroup[] = [];
  const end = cases.targetOffsets[index + 1] ?? 0;
  for (let target = cases.targetOffsets[index] ?? 0; target < end; target++) {
    if (ranked.recalled[target] !== 1) continue;
    const above = ranked.above[target] ?? 0;
    // Equal counts above mean equal scores: of two scores the lower has at least the higher one's target above it.
    const group = groups.find((other) => other.above === above);
    if (group) group.targets++;
    else groups.push({ above, size: (ranked.tied[target] ?? 0) + 1, targets: 1 });
  }
  return groups.sort((a, b) => a.above - b.above);
}

/** Sum over recalled targets of the share of other recalled items (there are `others`) that stand below, ties half. */
function wonPairs(groups: readonly TieGroup[], others: number): number {
  let won = 0;
  let targetsAbove = 0;
  for (const group of groups) {
    const othersAbove = group.above - targetsAbove;
    const othersTied = group.size - group.targets;
    won += (group.targets * (others - othersAbove - othersTied / 2)) / others;
    targetsAbove += group.targets;
  }
  return won;
}

function aucOverAll(
  groups: readonly TieGroup[],
  targets: number,
  recalled: number,
  { scored, eligible }: { scored: number; eligible: number },
  shown: number,
): number {
  const others = eligible - shown;
  // Nothing but targets can be shown: every order is right.
  if (others <= 0) return shown / targets;
  const lastOthers = eligible - scored - (shown - recalled);
  // Targets that were not recalled: every recalled item is above them, the rest is tied.
  const last = (shown - recalled) * (lastOthers / 2 / others);
  return (wonPairs(groups, others) + last) / targets;
}

/** Targets of a case that could have been shown at all. */
function eligibleTargets(cases: NativeCases, index: number, excludeSeen: boolean): number {
  const { offsets, rows, weights } = cases.histories;
  const targets = cases.targets.subarray(cases.targetOffsets[index] ?? 0, cases.targetOffsets[index + 1] ?? 0);
  if (!excludeSeen) return targets.length;
  const seen = new Set<number>();
  for (let event = offsets[index] ?? 0; event < (offsets[index + 1] ?? 0); event++) {
    const row = rows[event];
    if (row !== undefined && (weights[event] ?? 0) > 0) seen.add(row);
  }
  return targets.reduce((sum, row) => sum + (seen.has(row) ? 0 : 1), 0);
}

function coverage(ranked: RankedCases, cases: number, k: number, items: number): number {
  if (cases === 0) return 0;
  const width = ranked.top.length / cases;
  const shown = new Set<number>();
  for (let index = 0; index < cases; index++) {
    for (const row of ranked.top.subarray(index * width, index * width + Math.min(k, width))) if (row !== NO_ROW) shown.add(row);
  }
  return shown.size / items;
}
