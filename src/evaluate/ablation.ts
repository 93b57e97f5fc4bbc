/** What each part of the engine is worth: the same models without it, on the same cases. */

import { call } from '../jobs.js';
import { native, type NativeModelParts, type NativeModels, SOURCES } from '../native.js';
import { type PairedDifference, pairedDifference } from './paired.js';

/** A part, and what NDCG@10 is without it. */
export interface Ablation extends PairedDifference {
  /** `source: rules`, `ranker`, or `ranker input: fashion`. */
  part: string;
  /** Mean NDCG@10 without the part. */
  without: number;
}

interface Variant {
  part: string;
  parts: NativeModelParts;
}

function withoutSource(parts: NativeModelParts, source: number): NativeModelParts {
  const silence = (numbers: readonly number[]): number[] => numbers.map((number, index) => (index === source ? 0 : number));
  return { ...parts, blend: { weight: silence(parts.blend.weight), missing: silence(parts.blend.missing) } };
}

/** The ranker as if an input never varied: what is standardised by a scale of zero says nothing. */
function withoutInputs(parts: NativeModelParts, group: string): NativeModelParts {
  if (!parts.ranker) return parts;
  const { learning } = native();
  const groups = learning.rankerGroups();
  const { scale, ...rest } = parts.ranker.tensors();
  const silenced = scale.map((value, input) => (groups[input] === group ? 0 : value));
  return { ...parts, ranker: learning.rankerFromTensors({ ...rest, scale: silenced }) };
}

/** Every part by itself: the sources that the blend listens to, the ranker, and what the ranker is told, group by group. */
function variantsOf(parts: NativeModelParts): Variant[] {
  const sources = SOURCES.map((source, index) => ({ source, index, weight: parts.blend.weight[index] ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .map(({ source, index }) => ({ part: `source: ${source}`, parts: withoutSource(parts, index) }));
  if (!parts.ranker) return sources;
  const groups = [...new Set(native().learning.rankerGroups())];
  return [
    ...sources,
    { part: 'ranker', parts: { ...parts, ranker: null } },
    ...groups.map((group) => ({ part: `ranker input: ${group}`, parts: withoutInputs(parts, group) })),
  ];
}

/**
 * Ranks anew without each part. Nothing is trained again: what another part could make up for, had it been trained alone, is not
 * seen here.
 * @param whole NDCG@10 of every case with all parts
 * @param rank NDCG@10 of every case by these models
 */
export async function ablate(
  models: NativeModels,
  whole: Float64Array,
  rank: (models: NativeModels) => Promise<Float64Array>,
): Promise<Ablation[]> {
  const ablations: Ablation[] = [];
  for (const { part, parts } of variantsOf(models.parts())) {
    const figures = await rank(call(() => native().learning.createModels(parts)));
    const without = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
    ablations.push({ part, without, ...pairedDifference(whole, figures) });
  }
  return ablations.sort((a, b) => b.difference - a.difference);
}
