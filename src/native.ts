/** The only file that loads the addon, and the types of what the addon exports. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { KairankError } from './errors.js';
import type { NativeIndex, NativeIndexOptions } from './native-vector.js';
import type { NativeHnswlib } from './native-hnswlib.js';

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

/** Histories of many users: user u owns entries offsets[u] .. offsets[u + 1], oldest first. */
export interface NativeHistories {
  offsets: Float64Array;
  rows: Uint32Array;
  types: Uint16Array;
  weights: Float32Array;
  /** Milliseconds since 1970. */
  times: Float64Array;
}

export interface NativeCases {
  histories: NativeHistories;
  targetOffsets: Float64Array;
  targets: Uint32Array;
  /** What each target counts for the ranker, above 0; absent: each the same. */
  weights?: Float32Array;
}

/** Lists that shoppers were shown: list i had the entries offsets[i] .. offsets[i + 1], after history i. */
export interface NativeLists {
  histories: NativeHistories;
  offsets: Float64Array;
  /** Distinct within a list. */
  rows: Uint32Array;
  /** From 0; 0xFFFFFFFF where nobody said. */
  positions: Uint32Array;
  /** What came of each; 0: nothing. */
  gains: Float32Array;
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

/** Training data in native memory: copied in once, read by every learner. */
export interface NativeDataset {
  readonly items: number;
  readonly users: number;
}

export interface NativeRules {
  tensors(): { offsets: Float64Array; columns: Uint32Array; values: Float32Array; decay: number; maxEvents: number };
}

export interface NativeFactors {
  tensors(): {
    dim: number;
    factors: Float32Array;
    gram: Float32Array;
    /** dim x dim: what the fold-in of a new item adds to. */
    userGram: Float32Array;
    /** Users that training had. */
    users: number;
    regularisation: number;
    alpha0: number;
    nu: number;
    decay: number;
    maxEvents: number;
  };
}

export interface NativeSessions {
  tensors(): {
    offsets: Float64Array;
    rows: Uint32Array;
    decay: number;
    ageing: number;
    distance: number;
    back: number;
    rarity: number;
    neighbours: number;
    maxEvents: number;
  };
}

/** Shape of a sequence model; see SequenceConfig in native/state/sequence_model.h. */
export interface NativeSequenceConfig {
  dim: number;
  blocks: number;
  heads: number;
  hidden: number;
  window: number;
  gaps: number;
  cosine: number;
  pooled: boolean;
  kinds: Uint32Array;
}

export interface NativeSequence {
  /** Every tensor by name, rows x columns, row-major; rows of 1: a vector. */
  tensors(): { config: NativeSequenceConfig; tensors: Record<string, { rows: number; columns: number; data: Float32Array }> };
}

/** How a training of the sequence model went. */
export interface SequenceReport {
  /** Of this run. */
  epochs: {
    loss: number;
    ndcg: number;
    recall: number;
    /** Of training, validation not counted. */
    seconds: number;
    /** Multiplications of matrix products in them. */
    products: number;
  }[];
  /** Epochs that a run before had trained, taken from its checkpoint. */
  resumed: number;
  /** The epoch whose weights were kept; 1 is the first. */
  bestEpoch: number;
  /** Sampled items a batch; 0: softmax over the whole catalogue. */
  negatives: number;
  /** Whether the budget ended it. */
  outOfTime: boolean;
}

/** One setting that was tried: what it was, and its NDCG@10 and recall@10 on validation. */
export interface Trial {
  settings: Record<string, number>;
  ndcg: number;
  recall: number;
}

/** One way of knowing items: weighed features, known by 32 bits of their names, or vectors. */
export type NativeModality = {
  name: string;
  /** What it counts beside others before anything is learned. */
  prior: number;
} & (
  | {
      inputs: 0;
      /** Features of item i: entries offsets[i] .. offsets[i + 1]. */
      offsets: Float64Array;
      features: Uint32Array;
      /** Above 0. */
      weights: Float32Array;
    }
  | {
      /** Length of a vector. */
      inputs: number;
      /** items x inputs; zeros for an item without one. */
      vectors: Float32Array;
    }
);

/** What the catalogue says of items, field by field: labels by 32 bits of their names, and numbers. */
export interface NativeAttributeValues {
  /** Of each field of labels: how many of an item's labels are kept. At most 64 in all. */
  slots: Uint32Array;
  /** items x all slots, distinct within a field; 0 for none. */
  labels: Uint32Array;
  /** Fields of numbers, at most 16. */
  numbers: number;
  /** items x numbers; NaN for none. */
  values: Float64Array;
}

/** The same as the ranker reads it; see AttributesModel in native/state/attributes.h. */
export interface NativeAttributes {
  /** `quantiles` are from 0 to 1, or -1 for none; `cuts` are 63 a field of numbers. */
  tensors(): { slots: Uint32Array; numbers: number; labels: Uint32Array; quantiles: Float32Array; cuts: Float64Array };
}

/** What is known of items, in native memory. */
export type NativeContentData = object;

export interface NativeContent {
  tensors(): {
    dim: number;
    /** The tables are (features or inputs) x dim. */
    modalities: {
      name: string;
      inputs: number;
      features: Uint32Array;
      rarity: Float32Array;
      table: Float32Array;
      attention: Float32Array;
      bias: number;
    }[];
    /** items x dim. */
    vectors: Float32Array;
    behaviour: Float32Array;
    decay: number;
    maxEvents: number;
  };
}

/** The network that orders the best candidates anew; see RankerModel in native/state/models.h. */
export interface NativeRanker {
  tensors(): {
    inputs: number;
    hidden: number;
    narrow: number;
    mean: Float32Array;
    scale: Float32Array;
    weights: Float32Array;
    trust: number;
    slope: number;
    offset: number;
    depth: number;
  };
}

/** NDCG@10 and recall@10. */
export interface Quality {
  ndcg: number;
  recall: number;
}

export interface NativeModelParts {
  items: number;
  rules: NativeRules | null;
  factors: NativeFactors | null;
  sequence: NativeSequence | null;
  sessions: NativeSessions | null;
  content: NativeContent | null;
  /** What the ranker knows of the catalogue's fields; absent: nothing. */
  attributes?: NativeAttributes | null;
  popularity: Float32Array;
  /** As popularity, over the last month of training alone; null: nothing is known of it. */
  recent: Float32Array | null;
  /** Share of chances to take it again that were taken, above 0, at most 1 (see learn/returns.ts); null: nothing is known of it. */
  returns: Float32Array | null;
  ranker: NativeRanker | null;
  /** `returning` is the power of `returns` that having had an item is multiplied by; absent: 0. */
  attention: { scale: number; decay: number; maxEvents: number; halfLife: number; returning?: number };
  /** In the order of SOURCES. */
  blend: { weight: number[]; missing: number[] };
  excludeSeen: boolean;
}

/** An immutable set of models, ready to score. */
export interface NativeModels {
  readonly items: number;
  /** What it was made of, as plain data. */
  parts(): NativeModelParts;
}

/** Order of the sources in blends and bit masks; the same list as Source in native/state/models.h. */
export const SOURCES = ['rules', 'factors', 'attention', 'popularity', 'sequence', 'sessions', 'content', 'repeats'] as const;
export type SourceName = (typeof SOURCES)[number];

export interface RankCasesOptions {
  /** 'engine' is the whole pipeline; the others rank the whole catalogue by one model. */
  model: 'engine' | 'rules' | 'factors' | 'attention' | 'popularity' | 'sequence' | 'sessions' | 'content';
  excludeSeen: boolean;
  /** Candidates that recall hands to ranking ('engine' only). */
  candidates: number;
  /** Length of the lists returned in `top`. */
  k: number;
  threads: number;
  /** Rows that may be shown; absent: all. */
  within?: Uint32Array;
}

export interface RankedCases {
  /** Per target: eligible items that scored higher. */
  above: Uint32Array;
  /** Per target: eligible items with the same score, the target not counted. */
  tied: Uint32Array;
  /** Per target: 1 when the target itself was scored (recalled, and eligible). */
  recalled: Uint8Array;
  /** Per case: items that could have been shown. */
  eligible: Uint32Array;
  /** Per case: items that got a score. */
  scored: Uint32Array;
  /** cases x k rows, best first; 0xFFFFFFFF where a list is shorter. */
  top: Uint32Array;
}

export interface LearnOptions {
  seed: number;
  threads: number;
  excludeSeen: boolean;
  onProgress?: (progress: NativeProgress) => void;
}

export interface NativeLearning {
  /** Copies the arrays. Throws on offsets, rows or targets out of range. */
  createDataset(items: number, train: NativeHistories, validation: NativeCases | null): NativeDataset;
  /** Chooses the settings on validation (defaults when the data set has none) and fits on train. */
  learnRules(
    data: NativeDataset,
    /** Not sequential: a pair counts alike whichever came first (item kNN). */
    options: LearnOptions & { sequential: boolean },
  ): NativeJob<{ rules: NativeRules; settings: Record<string, number>; trials: Trial[] }>;
  /** Fits with given settings, nothing chosen. */
  fitRules(data: NativeDataset, settings: Record<string, number>, options: LearnOptions): NativeJob<{ rules: NativeRules }>;
  learnFactors(
    data: NativeDataset,
    /** `budget`: seconds after which no larger dim is begun; 0: no limit. */
    options: LearnOptions & { maxDim: number; budget: number },
  ): NativeJob<{ factors: NativeFactors; settings: Record<string, number>; trials: Trial[] }>;
  fitFactors(data: NativeDataset, settings: Record<string, number>, options: LearnOptions): NativeJob<{ factors: NativeFactors }>;
  learnSessions(
    data: NativeDataset,
    options: LearnOptions,
  ): NativeJob<{ sessions: NativeSessions; settings: Record<string, number>; trials: Trial[] }>;
  fitSessions(data: NativeDataset, settings: Record<string, number>, options: LearnOptions): NativeJob<{ sessions: NativeSessions }>;
  /**
   * Trains the sequence model, its weights those of the best epoch on validation (the last where there is none).
   * `settings` that are absent are chosen; those that come back train another of as many epochs, nothing chosen.
   */
  learnSequence(
    data: NativeDataset,
    settings: Record<string, number>,
    options: LearnOptions & {
      /** Seconds; 0: no limit. */
      budget: number;
      /** File to go on from and to keep the state in; null: none. */
      checkpoint: string | null;
    },
  ): NativeJob<{ sequence: NativeSequence; settings: Record<string, number>; trials: Trial[]; report: SequenceReport }>;
  /** Copies the arrays. */
  createContent(items: number, modalities: readonly NativeModality[]): NativeContentData;
  /**
   * Trains the content tower, for as many epochs as items that it has not met are ranked best by; null where nothing
   * follows anything, or nothing is known of any item.
   */
  learnContent(
    data: NativeDataset,
    content: NativeContentData,
    options: Omit<LearnOptions, 'excludeSeen'> & {
      /** Rows that validation asks for and training has no events of, rising; null: a tenth of the items is withheld. */
      newRows: Uint32Array | null;
    },
  ): NativeJob<{ content: NativeContent; settings: Record<string, number>; trials: Trial[] } | null>;
  fitContent(
    data: NativeDataset,
    content: NativeContentData,
    settings: Record<string, number>,
    options: LearnOptions,
  ): NativeJob<{ content: NativeContent | null }>;
  contentFromTensors(items: number, tensors: ReturnType<NativeContent['tensors']>): NativeContent;
  /** Chooses attention, blend weights and the seen-items rule on validation, given the models of single sources. */
  learnBlend(
    data: NativeDataset,
    parts: Pick<
      NativeModelParts,
      'rules' | 'factors' | 'sequence' | 'sessions' | 'content' | 'attributes' | 'popularity' | 'recent' | 'returns'
    >,
    options: Omit<LearnOptions, 'excludeSeen'> & { excludeSeen: boolean | null; candidates: number },
  ): NativeJob<{ models: NativeModels; trials: Trial[] }>;
  /**
   * Learns the ranker from cases that the models `before` did not learn from, and lists that were shown after what they
   * learned from, where enough came of such; chooses its epochs on later cases with the models that serve. `ranker` is null
   * where its gain in NDCG@10 is within two standard errors.
   */
  learnRanker(
    before: NativeModels,
    taught: NativeCases,
    models: NativeModels,
    choosing: NativeCases,
    options: Omit<LearnOptions, 'excludeSeen'> & { candidates: number; shown: NativeLists | null },
  ): NativeJob<{
    ranker: NativeRanker | null;
    settings: Record<string, number>;
    trials: Trial[];
    without: Quality;
    with: Quality;
    /** Standard error of the difference. */
    error: number;
    /** Lists that taught it, of those that something came of; 0 where they were too few. */
    shown: number;
  }>;
  /** Which group each input of the ranker belongs to, in their order. */
  rankerGroups(): string[];
  /** The network alone, for benches and tests: inputs are rows x inputs, not standardised. */
  scoreRanker(ranker: NativeRanker, inputs: Float32Array, scores: Float32Array): void;
  createAttributes(items: number, values: NativeAttributeValues): NativeAttributes;
  attributesFromTensors(items: number, tensors: ReturnType<NativeAttributes['tensors']>): NativeAttributes;
  rankerFromTensors(tensors: ReturnType<NativeRanker['tensors']>): NativeRanker;
  rulesFromTensors(items: number, tensors: ReturnType<NativeRules['tensors']>): NativeRules;
  factorsFromTensors(items: number, tensors: ReturnType<NativeFactors['tensors']>): NativeFactors;
  sessionsFromTensors(items: number, tensors: ReturnType<NativeSessions['tensors']>): NativeSessions;
  sequenceFromTensors(items: number, tensors: { config: NativeSequenceConfig; tensors: Record<string, Float32Array> }): NativeSequence;
  createModels(parts: NativeModelParts): NativeModels;
  rankCases(models: NativeModels, cases: NativeCases, options: RankCasesOptions): NativeJob<RankedCases>;
}

export type ColumnKind = 'number' | 'boolean' | 'category' | 'tags';

export interface CoreOptions {
  columns: { name: string; kind: ColumnKind }[];
  /** Weight of each event type, in the order of type indexes. */
  typeWeights: number[];
  /** Requests that may wait; more are refused with KAIRANK_OVERLOADED. */
  queueLimit: number;
  /** Whether feedback teaches. Default: true. */
  online?: boolean;
}

/** One item in the order of the columns: number (NaN when absent), boolean, string or string[]; null when absent. */
export type ColumnValue = number | boolean | string | readonly string[] | null;

/** A `where` in postfix order; the operands of a comparison are typed by the column. */
export type FilterStep =
  | { op: 'equals'; column: number; value: number | boolean | string }
  | { op: 'in'; column: number; values: readonly (number | boolean | string)[] }
  | { op: 'range'; column: number; min: number; max: number; minOpen: boolean; maxOpen: boolean }
  | { op: 'has'; column: number }
  | { op: 'and' | 'or'; count: number }
  | { op: 'not' }
  | { op: 'all' };

/** See OnlineInfo. */
export interface NativeFeedback {
  learned: number;
  missed: number;
  rollbacks: number;
  drifts: number;
  choices: number;
  likelihood: number;
  likelihoodAsTrained: number;
}

export interface NativeRequest {
  /** What feedback will name the list by; null: there will be none. */
  requestId: string | null;
  /** The shopper, or the events of an anonymous visit; `similar` and plain popularity give neither. */
  user: string | null;
  events: NativeHistoryInput | null;
  /** 'recommend' recalls; 'rank' scores `items` and nothing else; 'similar' takes items[0] as its only event, or `words`. */
  mode: 'recommend' | 'rank' | 'similar';
  items: readonly string[] | null;
  /** 'similar' to no item: what is asked for, as features of one item. */
  words: readonly NativeModality[] | null;
  k: number;
  candidates: number;
  /** Handle from compileFilter, or -1. */
  filter: number;
  /** null: as learned on validation. */
  excludeSeen: boolean | null;
  exclude: readonly string[] | null;
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds from the call; 0 is none. */
  deadline: number;
  /** How many events to name as the reason of an item; 0 is none. */
  reasons: number;
}

export interface NativeHistoryInput {
  items: readonly (string | null)[];
  types: Uint16Array;
  times: Float64Array;
}

/** `reasonItems`, `reasonWeights`, `reasonTypes`: `reasons` entries an item; '' where there are fewer. */
export interface NativeReply {
  ids: string[];
  scores: Float64Array;
  /** Bit i: SOURCES[i] put this item among the candidates or scored it. */
  sources: Uint32Array;
  /** items x SOURCES: weight x z-score of each source. */
  parts: Float32Array;
  reasonItems: string[];
  reasonTypes: Uint16Array;
  reasonWeights: Float32Array;
  underfilled: boolean;
  /** False when `user` was given and has no history, or `words` that no model reads. */
  known: boolean;
  /** Microseconds in the queue, and in recall and ranking (with the requests answered in the same batch). */
  waited: number;
  took: number;
  /** 'rank' only: ids that are unknown, excluded or not eligible; the unknown ones first. */
  refused: string[];
}

/** A running request: `promise` rejects with code KAIRANK_ABORTED after `cancel`. */
export type NativeCall = NativeJob<NativeReply>;

/** The engine's state, native and process-wide: the same token opens the same state in every worker thread. */
export interface NativeCore {
  readonly token: bigint;
  /** Puts or replaces items. `keys` are the durable keys of the ids; `values[i]` has one value a column. */
  putItems(ids: readonly string[], keys: Float64Array, values: readonly (readonly ColumnValue[])[]): void;
  /** Takes items out of every answer; returns which of them were there. Histories keep naming them. */
  removeItems(ids: readonly string[]): Uint8Array;
  /** Gives ids rows without making them items: events may name what the catalogue does not hold. */
  reserveItems(ids: readonly string[], keys: Float64Array): void;
  hasItem(id: string): boolean;
  /** Appends events; an item that is '' is none. `weights` are signed and already include the type's weight. Late events find their place by time. */
  /** Returns how many of them speak for items that the models have no factors for: see placeNewcomers. */
  addEvents(
    users: readonly string[],
    items: readonly string[],
    types: Uint16Array,
    weights: Float32Array,
    times: Float64Array,
    requestIds?: readonly string[] | null,
  ): number;
  /** What came of the events that named a list by its `requestId`. */
  feedback(): NativeFeedback;
  /** What was learned from them beside the models in use; empty where nothing was. */
  feedbackState(): Float32Array;
  /** Goes on from there; false where it does not fit the models. */
  resumeFeedback(state: Float32Array): boolean;
  counts(): { items: number; rows: number; users: number; events: number };
  /** The last `limit` events of a user, oldest first; null for an unknown user. */
  history(user: string, limit: number): { items: string[]; types: Uint16Array; weights: Float32Array; times: Float64Array } | null;
  /** Every history, by user row, for training. Rows are item rows, 0xFFFFFFFF for none. */
  exportHistories(): NativeHistories;
  /** Rows of users in exportHistories, 0xFFFFFFFF for one without a history. */
  userRows(users: readonly string[]): Uint32Array;
  /** Durable keys by row, 0 for none. */
  exportKeys(): Float64Array;
  /** Returns a handle for requests; equal filters may share one. */
  compileFilter(steps: readonly FilterStep[]): number;
  /** Items that pass a filter now. */
  countEligible(filter: number): number;
  /** Model rows are item rows of this core. */
  publish(models: NativeModels | null): void;
  /** Gives factors to the items that training had none for, from what shoppers did with them; how many there are now. */
  placeNewcomers(): NativeJob<number>;
  /** What is known of items, one an id, for the models in use: for their content, by which they can be recalled at once, and
   * for their ranker; null: nothing for it. */
  putContent(ids: readonly string[], modalities: readonly NativeModality[] | null, attributes: NativeAttributeValues | null): void;
  /** Durable keys of items that the models have no content of, or no attributes; none where they have neither of any. */
  withoutContent(): Float64Array;
  request(request: NativeRequest): NativeCall;
  /** Stops taking requests; those in flight settle with KAIRANK_CLOSED or their answer. Frees the state with the last handle. */
  close(): void;
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
