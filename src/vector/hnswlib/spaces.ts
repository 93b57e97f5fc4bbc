/** The spaces of hnswlib-node. */

import { native } from '../../native.js';
import { type Arguments, arrayAt, checkLength, exactly, floatsOf, numberAt } from './arguments.js';

function distanceOf(space: 'l2' | 'ip', dim: number, args: Arguments): number {
  exactly(args, 2);
  const a = arrayAt(args, 0);
  const b = arrayAt(args, 1);
  checkLength(a, dim, 'first');
  checkLength(b, dim, 'second');
  return native().hnswlib.distance(space, floatsOf(a, dim), floatsOf(b, dim));
}

/** Squared Euclidean distances between points of one dimension. */
export class L2Space {
  readonly #dim: number;

  /** @param numDimensions dimensions of a point */
  constructor(numDimensions: number);
  constructor(...args: unknown[]) {
    exactly(args, 1);
    this.#dim = numberAt(args, 0);
  }

  /** The squared Euclidean distance between two points, in f32. */
  distance(pointA: number[], pointB: number[]): number;
  distance(...args: unknown[]): number {
    return distanceOf('l2', this.#dim, args);
  }

  getNumDimensions(): number {
    return this.#dim;
  }
}

/** 1 - inner product of points of one dimension. */
export class InnerProductSpace {
  readonly #dim: number;

  /** @param numDimensions dimensions of a point */
  constructor(numDimensions: number);
  constructor(...args: unknown[]) {
    exactly(args, 1);
    this.#dim = numberAt(args, 0);
  }

  /** 1 - the inner product of two points, in f32. */
  distance(pointA: number[], pointB: number[]): number;
  distance(...args: unknown[]): number {
    return distanceOf('ip', this.#dim, args);
  }

  getNumDimensions(): number {
    return this.#dim;
  }
}
