/** What an index and its writes are made with: options, defaults and checks. */

import type { NativeProgress } from '../native.js';
import type { Codes, Metric, NativeIndexOptions, Storage } from '../native-vector.js';
import { boolean, integer, number, oneOf, onlyKeys, record, refuse, signal as checkSignal } from '../options.js';
import type { IdKind } from './ids.js';

export interface VectorIndexOptions<K extends IdKind = IdKind> {
  /** Numbers in a vector: 1 to 4096. */
  dim: number;
  /** How vectors are compared; higher scores are better. Default 'cosine': vectors and queries are brought to unit length. */
  metric?: Metric;
  /**
   * How vectors are kept for exact scores. Default 'f32'. 'bf16' halves their memory, with a relative error of 2^-9 a
   * number; 'int8' keeps nothing but a code of 8 bits a number with one scale a vector.
   */
  storage?: Storage;
  /** Bits a number of the codes that a walk of the graph reads. Default 'auto': by `dim`. */
  codes?: Codes | 'auto';
  /** Whether there is a graph. Default true; an index without one searches exactly, and writes in no time. */
  graph?: boolean;
  /** Links that a new row makes: 2 to 256, default 16. A row keeps up to 2m at the bottom of the graph. */
  m?: number;
  /** Rows that an insertion weighs: 1 to 1,048,576, default 200. More make a better graph more slowly. */
  efConstruction?: number;
  /** Seed of the graph's levels: 0 to 2^32 - 1, default 1. The graph is the same at any number of threads. */
  seed?: number;
  /** The kind of the ids. Default 'string'. */
  ids?: K;
}

export interface OpenOptions<K extends IdKind = IdKind> {
  /** The kind of ids that the file must have. Default: whichever it has. */
  ids?: K;
  /**
   * When the bytes are checked against the file's checksums. 'background', the default: by a thread while the index
   * answers; should a block turn out to be altered, every later call fails with KAIRANK_CORRUPT_FILE. 'all': before the
   * index is there. Header and tables are always checked first, and nothing in a file leads out of its bounds.
   */
  verify?: 'background' | 'all';
}

export interface WriteProgress {
  /** Vectors put, of `total`. */
  done: number;
  total: number;
}

export interface PutSyncOptions {
  /** Threads to write with: 1 to 1024; default, every core that the process may use. */
  threads?: number;
}

export interface PutOptions extends PutSyncOptions {
  /** Stops the call; what was put before stays. */
  signal?: AbortSignal;
  /** Milliseconds from the call, the wait for earlier writes included; what was put before it passes stays. */
  deadline?: number;
  /** Told about ten times a second. What it throws stops the call, and is what it rejects with. */
  onProgress?: (progress: WriteProgress) => void;
}

export const MAX_THREADS = 1024;
export const MAX_EF = 1 << 20;
const MAX_DIM = 4096;
const MAX_M = 256;
const MAX_SEED = 2 ** 32 - 1;
/** A day, in milliseconds. */
const MAX_DEADLINE = 86_400_000;
/** Searches of one index that may wait. */
export const QUEUE_LIMIT = 10_000;

const METRICS: readonly Metric[] = ['dot', 'cosine', 'l2'];
const STORAGES: readonly Storage[] = ['f32', 'bf16', 'int8'];
const CODES: readonly (Codes | 'auto')[] = ['auto', 'int4', 'int8'];
const ID_KINDS: readonly IdKind[] = ['string', 'number'];
const VERIFICATIONS: readonly ('background' | 'all')[] = ['background', 'all'];

/** @throws KairankError KAIRANK_INVALID_ARGUMENT naming the option */
export function checkIndexOptions(value: unknown): NativeIndexOptions {
  const options = record('options', value);
  onlyKeys('', options, ['dim', 'metric', 'storage', 'codes', 'graph', 'm', 'efConstruction', 'seed', 'ids']);
  const { dim, metric = 'cosine', storage = 'f32', codes = 'auto', graph = true, m = 16, efConstruction = 200, seed = 1 } = options;
  const { ids = 'string' } = options;
  return {
    dim: integer('dim', dim, 1, MAX_DIM),
    metric: oneOf('metric', metric, METRICS),
    storage: oneOf('storage', storage, STORAGES),
    codes: oneOf('codes', codes, CODES),
    graph: boolean('graph', graph),
    m: integer('m', m, 2, MAX_M),
    efConstruction: integer('efConstruction', efConstruction, 1, MAX_EF),
    seed: integer('seed', seed, 0, MAX_SEED),
    strings: oneOf('ids', ids, ID_KINDS) === 'string',
    queueLimit: QUEUE_LIMIT,
  };
}

export interface CheckedOpen {
  ids: IdKind | undefined;
  verifyAll: boolean;
}

/** @throws KairankError KAIRANK_INVALID_ARGUMENT naming the option */
export function checkOpen(value: unknown): CheckedOpen {
  const options = record('options', value);
  onlyKeys('', options, ['ids', 'verify']);
  const { ids, verify = 'background' } = options;
  return {
    ids: ids === undefined ? undefined : oneOf('ids', ids, ID_KINDS),
    verifyAll: oneOf('verify', verify, VERIFICATIONS) === 'all',
  };
}

/** @throws KairankError KAIRANK_INVALID_ARGUMENT unless it can be the path of a file */
export function checkPath(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  return refuse('path', 'the path of a file: a string, not empty, without NUL', value);
}

/** Threads as the core takes them: 0 stands for every core. */
export function checkThreads(value: unknown): number {
  return value === undefined ? 0 : integer('threads', value, 1, MAX_THREADS);
}

/** Milliseconds as the core takes them: 0 stands for none. */
export function checkDeadline(value: unknown): number {
  return value === undefined ? 0 : number('deadline', value, 1, MAX_DEADLINE);
}

export interface CheckedPut {
  threads: number;
  deadline: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: NativeProgress) => void) | undefined;
}

export function checkPutOptions(value: unknown): CheckedPut {
  const options = record('options', value);
  onlyKeys('', options, ['threads', 'signal', 'onProgress', 'deadline']);
  const { threads, signal, onProgress, deadline } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', 'a function', onProgress);
  return {
    threads: checkThreads(threads),
    deadline: checkDeadline(deadline),
    signal: checkSignal('signal', signal),
    onProgress: onProgress && (({ done, total }) => void Reflect.apply(onProgress, undefined, [{ done, total }])),
  };
}

export function checkPutSyncOptions(value: unknown): number {
  const options = record('options', value);
  onlyKeys('', options, ['threads']);
  return checkThreads(options.threads);
}
