/** The only file that loads the addon, and the types of what the addon exports. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { KairankError } from './errors.js';
import type { CoreOptions, NativeCore } from './native-core.js';
import type { NativeHnswlib } from './native-hnswlib.js';
import type { NativeLearning } from './native-learning.js';
import type { NativeIndex, NativeIndexOptions } from './native-vector.js';

export type * from './native-core.js';
export type * from './native-learning.js';
export { STAGES } from './native-core.js';
export { SOURCES } from './native-learning.js';

export type TargetName = 'scalar' | 'neon' | 'avx2' | 'avx512' | 'amx';

export interface DispatchInfo {
  /** Target in use. */
  active: TargetName;
  /** Targets that this CPU can run, worst to best. */
  available: TargetName[];
  /** Targets compiled into the binary. */
  compiled: TargetName[];
  /** What KAIRANK_TARGET asked for; empty when unset. */
  requested: string;
  /** The CPU's own name. */
  cpu: string;
}

/** Kernels as plain calls on typed arrays: tests and benches only. A `target` of null means the active one. */
export interface NativeKernels {
  /** out[i] = <query, rows[i]>; rows: count x dim. `type` int8 writes whole numbers. */
  dot(target: TargetName | null, type: 'f32', query: Float32Array, rows: Float32Array, out: Float32Array): void;
  dot(target: TargetName | null, type: 'bf16', query: Uint16Array, rows: Uint16Array, out: Float32Array): void;
  dot(target: TargetName | null, type: 'i8', query: Int8Array, rows: Int8Array, out: Int32Array): void;
  /** out[i * n + j] = <queries[i], rows[j]>; queries: m x dim, rows: n x dim. */
  batch(target: TargetName | null, type: 'f32', dim: number, queries: Float32Array, rows: Float32Array, out: Float32Array): void;
  batch(target: TargetName | null, type: 'bf16', dim: number, queries: Uint16Array, rows: Uint16Array, out: Float32Array): void;
  batch(target: TargetName | null, type: 'i8', dim: number, queries: Int8Array, rows: Int8Array, out: Int32Array): void;
  /** c = a b; a: m x k, b: k x n, c: m x n, all row-major. 'bf16': where that is faster, a and b are rounded to it first. */
  gemm(
    target: TargetName | null,
    type: 'f32' | 'bf16',
    m: number,
    n: number,
    k: number,
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
  ): void;
  /** The k best positions of scores, best first, ties by position; NaN ranks last. */
  topk(target: TargetName | null, scores: Float32Array, k: number): Uint32Array;
  toBf16(target: TargetName | null, input: Float32Array): Uint16Array;
  fromBf16(target: TargetName | null, input: Uint16Array): Float32Array;
  toI8(target: TargetName | null, input: Float32Array): { values: Int8Array; scale: number };
  attention(target: TargetName | null, task: NativeAttentionTask): void;
}

/** See AttentionTask in native/kernels/table.h: shapes are rows x columns, row-major, dense. */
export interface NativeAttentionTask {
  /** 'f32', or 'bf16' for products in bf16 with f32 accumulation. */
  type: 'f32' | 'bf16';
  queries: Float32Array;
  keys: Float32Array;
  values: Float32Array;
  dim: number;
  valueDim: number;
  heads: number;
  scale: number;
  bias: Float32Array | null;
  out: Float32Array;
  weights: Float32Array | null;
}

/** A long native computation: its promise, and the way to stop it. */
export interface NativeJob<T> {
  promise: Promise<T>;
  cancel(): void;
}

export interface NativeProgress {
  /** Units of work done and in all, within this job. */
  done: number;
  total: number;
  /** Best validation NDCG@10 so far; NaN while there is none. */
  ndcg: number;
  /** Loss of the last epoch; NaN where there are no epochs. */
  loss: number;
}

export interface NativeAddon {
  dispatch(): DispatchInfo;
  kernels: NativeKernels;
  learning: NativeLearning;
  hnswlib: NativeHnswlib;
  createCore(options: CoreOptions): NativeCore;
  /** Opens the state behind a token in this thread. Throws KAIRANK_NOT_FOUND for a token that is closed or was never made. */
  attachCore(token: bigint): NativeCore;
  createIndex(options: NativeIndexOptions): NativeIndex;
  /** Opens a saved index. Rejects with KAIRANK_IO, KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT. */
  openIndex(path: string, verifyAll: boolean, queueLimit: number): NativeJob<NativeIndex>;
}

/** Where the builds leave the addon, best first, seen from src/ and from dist/ alike. */
const CANDIDATES = ['../build/Release/kairank.node', '../build/Debug/kairank.node'];

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded on first use.
 * @throws KairankError KAIRANK_NATIVE_UNAVAILABLE with what was tried and what to do.
 */
export function native(): NativeAddon {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const candidate of CANDIDATES) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (!existsSync(path)) {
      failures.push(`${path}: not there`);
      continue;
    }
    try {
      loaded = require(path) as NativeAddon;
      return loaded;
    } catch (error) {
      failures.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new KairankError(
    'KAIRANK_NATIVE_UNAVAILABLE',
    `The native core could not be loaded.\n${failures.map((line) => `  ${line}`).join('\n')}\n` +
      'Build it with "npm run build:native" (a C++17 compiler, and CMake or Python for node-gyp).',
  );
}
