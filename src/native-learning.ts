/** Types of what the addon exports for learning: data that goes in, models that come out. */

import type { NativeJob, NativeProgress } from './native.js';

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
