/** A ranker with weights by chance: what it says is of no use, what it costs is that of a trained one. */

import { type NativeModelParts, native } from '../../src/native.js';
import { uniform } from './random.js';

const HIDDEN = 64;
const NARROW = 32;

/** @param depth candidates that it orders */
export function makeRanker(random: () => number, depth: number): ReturnType<NonNullable<NativeModelParts['ranker']>['tensors']> {
  const inputs = native().learning.rankerGroups().length;
  const weights = inputs * HIDDEN + HIDDEN + HIDDEN * NARROW + NARROW + NARROW;
  return {
    inputs,
    hidden: HIDDEN,
    narrow: NARROW,
    mean: new Float32Array(inputs),
    scale: new Float32Array(inputs).fill(1),
    weights: uniform(weights, random).map((value) => value / 4),
    trust: 0,
    slope: 1,
    offset: 0,
    depth,
  };
}
