/** A ranker with weights by chance: what it says is of no use, what it costs is that of a trained one. */

import { type NativeModelParts, SOURCES } from '../../src/native.js';
import { uniform } from './random.js';

const HIDDEN = 64;
const NARROW = 32;
/** Inputs of the ranker; see kRankerInputs in native/rank/ranker_inputs.h. */
export const RANKER_INPUTS = 3 * SOURCES.length + 20;

/** @param depth candidates that it orders */
export function makeRanker(random: () => number, depth: number): ReturnType<NonNullable<NativeModelParts['ranker']>['tensors']> {
  const weights = RANKER_INPUTS * HIDDEN + HIDDEN + HIDDEN * NARROW + NARROW + NARROW;
  return {
    inputs: RANKER_INPUTS,
    hidden: HIDDEN,
    narrow: NARROW,
    mean: new Float32Array(RANKER_INPUTS),
    scale: new Float32Array(RANKER_INPUTS).fill(1),
    weights: uniform(weights, random).map((value) => value / 4),
    trust: 0,
    slope: 1,
    offset: 0,
    depth,
  };
}
