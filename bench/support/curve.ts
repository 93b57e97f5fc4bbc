/** Curves of recall against speed, and the speed at a recall between two settings. */

import type { Report } from './question.js';

/** What one setting (ef, expansion) gives. */
export interface CurvePoint {
  setting: number;
  recall: number;
  qps: number;
}

/** Where a curve first reaches a recall. */
export interface Crossing {
  /** The setting below the recall (the same as `upper` where the lowest setting is enough already) and the one at or above. */
  lower: number;
  upper: number;
}

/** √2 apart, so that what lies between two is well described by a straight line. */
export const LADDER = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792, 2560, 3584, 4096] as const;

/** The cheapest setting that reaches a recall, and its neighbour below; null where none does. `points` are in order of settings. */
export function crossing(points: readonly Pick<CurvePoint, 'setting' | 'recall'>[], recall: number): Crossing | null {
  const at = points.findIndex((point) => point.recall >= recall);
  const upper = points[at];
  if (!upper) return null;
  return { lower: points[at - 1]?.setting ?? upper.setting, upper: upper.setting };
}

/** Queries per second at a recall: between the two neighbouring settings, linear in recall and in the logarithm of the speed. */
export function qpsAt(points: readonly CurvePoint[], recall: number): number | null {
  const between = crossing(points, recall);
  const lower = points.find(({ setting }) => setting === between?.lower);
  const upper = points.find(({ setting }) => setting === between?.upper);
  if (!lower || !upper) return null;
  if (lower === upper) return upper.qps;
  const share = (recall - lower.recall) / (upper.recall - lower.recall);
  return Math.exp((1 - share) * Math.log(lower.qps) + share * Math.log(upper.qps));
}

export const INTERPOLATION =
  'between the cheapest setting that reaches the recall and the setting below it, linear in recall and log queries per second';

export function curveReport(points: readonly CurvePoint[]): Report[] {
  return points.map(({ setting, recall, qps }) => ({ setting, recall: Number(recall.toFixed(4)), qps: Number(qps.toPrecision(4)) }));
}
