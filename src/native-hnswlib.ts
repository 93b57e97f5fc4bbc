/** What the addon exports for the drop-in for hnswlib-node. Arguments are checked before they get here, and again there. */

import type { NativeJob } from './native.js';

/** cosine brings points and queries to length 1 and takes 1 - inner product. */
export type NativeSpace = 'l2' | 'ip' | 'cosine';

/** Whether a label may be among the results. */
export type NativeFilter = (label: number) => boolean;

/** Points searched exactly. A change made while a file is being written waits for it. */
export interface NativeLabelledRows {
  readonly capacity: number;
  readonly count: number;
  /** Adds a point of `dim` values, or replaces that of the label, a u32. */
  add(point: Float32Array, label: number): void;
  remove(label: number): void;
  /** The distances of the k nearest, nearest first, and then their labels. */
  search(query: Float32Array, k: number, filter: NativeFilter | null): Float64Array;
  write(path: string): NativeJob<void>;
  writeSync(path: string): void;
}

/** Points searched by a graph. Throws hnswlib's words with a code of kairank's. */
export interface NativeLabelledGraph {
  readonly capacity: number;
  /** Deleted points too. */
  readonly count: number;
  add(point: Float32Array, label: number, reuse: boolean): void;
  markDeleted(label: number): void;
  unmarkDeleted(label: number): void;
  resize(capacity: number): void;
  search(query: Float32Array, k: number, ef: number, filter: NativeFilter | null): Float64Array;
  labels(): Float64Array;
  point(label: number): Float32Array;
  write(path: string): NativeJob<void>;
  writeSync(path: string): void;
}

/** Sizes, seeds and `dim` are u32. */
export interface NativeHnswlib {
  distance(space: NativeSpace, a: Float32Array, b: Float32Array): number;
  createRows(space: NativeSpace, dim: number, capacity: number): NativeLabelledRows;
  readRows(space: NativeSpace, dim: number, path: string): NativeJob<NativeLabelledRows>;
  readRowsSync(space: NativeSpace, dim: number, path: string): NativeLabelledRows;
  createGraph(
    space: NativeSpace,
    dim: number,
    capacity: number,
    m: number,
    efConstruction: number,
    seed: number,
    reuseDeleted: boolean,
  ): NativeLabelledGraph;
  readGraph(space: NativeSpace, dim: number, path: string, reuseDeleted: boolean): NativeJob<NativeLabelledGraph>;
  readGraphSync(space: NativeSpace, dim: number, path: string, reuseDeleted: boolean): NativeLabelledGraph;
}
