/** What goes into a training run, and what comes out. */

import type { AttributeLayout } from '../catalog/attributes.js';
import type { ContentField, Coverage, Cuts } from '../catalog/content.js';
import type { Goals } from './goals.js';
import type { ShownList } from './impressions.js';
import type { Period } from './period.js';
import type { NativeCases, NativeHistories, NativeModels, Quality, SequenceReport, SourceName, Trial } from '../native.js';
import type { NextEventReport } from './next-event.js';

export const PHASES = ['rules', 'sessions', 'factors', 'content', 'sequence', 'blend', 'ranker', 'refit', 'next', 'save'] as const;
export type Phase = (typeof PHASES)[number];

export interface TrainProgress {
  phase: Phase;
  /** Units of work done and in all, within the phase. */
  done: number;
  total: number;
  /** Of the phase, 0 to 1. */
  fraction: number;
  /** Best NDCG@10 on validation so far, when there is one. */
  ndcg?: number;
  /** Loss of the last epoch, where the phase has epochs. */
  loss?: number;
  /** Milliseconds since the run began. */
  elapsed: number;
  /** Milliseconds that the phase will take yet, as it has gone so far; absent at its beginning. */
  left?: number;
}

export interface TrainOptions {
  /** Makes a run repeatable; a whole number from 0 to 2^32 - 1. Default: 1. */
  seed?: number;
  /** Default: one less than the cores, at least 1. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: (progress: TrainProgress) => void;
  /** Most shoppers whose last basket is held out to choose the settings, drawn by seed. Default: 10,000; 0: nothing is chosen. */
  validation?: number;
  /** Whether the models are fitted again on everything, with the settings that validation chose. Default: true. */
  refit?: boolean;
  /**
   * What training may take: milliseconds, or words such as '90s', '10m', '1h'. Simple models first; the sequence model
   * gets what they leave, and is left out where that is too little to learn anything. Saving comes on top, and what comes next in a
   * session, which takes seconds. Default: '10m'.
   */
  budget?: number | string;
  /**
   * What counts, by event type, and how much: `{ purchase: 1, cart: 0.5, click: 0.1 }`. Weights are above 0, at most 100;
   * the types are those that speak for an item. Validation asks for the last basket that has any of them, and the ranker
   * learns a softmax over what a shopper could have taken (Cao et al. 2007) in which an item counts as the highest goal that
   * it reached; the probabilities that come of it are of any goal. Default: every type that speaks for an item, by its weight.
   */
  goals?: Readonly<Record<string, number>>;
  /**
   * How long a shopper does nothing before the session counts as over, for the model of the next event: as `budget`, a minute at
   * least. Default: '30m'.
   */
  sessionGap?: number | string;
}

/** How one model came to be. */
export interface LearnedModel {
  settings: Record<string, number>;
  /** Every setting that was tried on validation. */
  trials: Trial[];
}

/** How the sequence model came to be. */
export interface LearnedSequence {
  settings: Record<string, number>;
  /** Short trainings that chose the settings. */
  trials: Trial[];
  report: SequenceReport;
}

/** How the content tower came to be, and what it could read. */
export interface LearnedContent extends LearnedModel {
  /** A text has three: its words, how it begins (`title.start`), and pieces of its words (`title.grams`). */
  modalities: string[];
  /** Of the models of an older version of kairank, null: it did not count. */
  coverage: Coverage['coverage'] | null;
  undescribed: number | null;
  cuts: Record<string, Cuts>;
}

/** What a training run did. */
export interface TrainReport {
  seed: number;
  threads: number;
  rules: LearnedModel | null;
  sessions: LearnedModel | null;
  factors: LearnedModel | null;
  /** null where it was not wanted, nothing follows anything, or the budget was used up. */
  sequence: LearnedSequence | null;
  /**
   * What reads items' descriptions, by modality, how many of the catalogue's items have each, and where numbers are cut into bins;
   * null where it was not wanted, nothing follows anything, or nothing is known of any item.
   */
  content: LearnedContent | null;
  /** The catalogue's fields that the ranker is told of; absent or null where there is no ranker, or no such field. */
  attributes?: AttributeLayout | null;
  /** Attention, the weights of the sources, and the rule for seen items; null where one model alone was trained. */
  blend: (LearnedModel & { weights: Record<SourceName, number>; missing: Record<SourceName, number>; excludeSeen: boolean }) | null;
  /**
   * What orders the best candidates of the blend anew: what it reached on validation with and without, and whether it is
   * used, which it is where the gain exceeds two standard errors (`error`). null where it was not tried: without validation
   * or time, or where it was not wanted. `shown`: lists of logged impressions that taught it, of those that something came of.
   */
  ranker: (LearnedModel & { with: Quality; without: Quality; error: number; shown: number; used: boolean }) | null;
  /**
   * How well what a shopper does next is foretold; null where nothing is: in a shop of purchases alone, where times mean nothing, of
   * too few events, and in an evaluation.
   */
  next: NextEventReport | null;
  excludeSeen: boolean;
  /** What training was told to aim at, by event type; absent: whatever speaks for an item. */
  goals?: Record<string, number>;
  /** Validation NDCG@10 and recall@10 of the models that were chosen; null without validation. */
  validation: { cases: number; ndcg: number; recall: number } | null;
  refitted: boolean;
  /** Seconds that training was allowed. */
  budget: number;
  seconds: number;
}

/** What `engine.train()` returns. */
export interface TrainResult extends TrainReport {
  /** The bundle's name: the folder under `models/`. */
  id: string;
  items: number;
  users: number;
  events: number;
}

/** The models in use. */
export interface ModelsInfo {
  /** The bundle's name. */
  id: string;
  /** ISO 8601. */
  trainedAt: string;
  /** Item rows that the models know. */
  items: number;
  report: TrainReport;
}

/** A split as typed arrays: rows of `items`, never split again. */
export interface TrainingData {
  /** Number of item rows. */
  items: number;
  train: NativeHistories;
  /** Histories before, and targets; null: defaults instead of a choice. */
  validation: NativeCases | null;
  /** What is known of the items, by row; absent: nothing. */
  content?: readonly ContentField[] | undefined;
  /** Rows that are items of the catalogue now: of the others nothing can be known. Absent: all. */
  catalogued?: number | undefined;
  /** When validation took place, where it asks what everybody takes next from one moment on; absent: it asks at any time. */
  period?: Period | undefined;
  /** Rows that validation asks for and training has no events of, rising; absent: the content tower withholds some itself. */
  newRows?: Uint32Array | undefined;
  /** Lists that shoppers were shown, of those that validation leaves; their users are rows of `train`. Absent: none. */
  shown?: readonly ShownList[] | undefined;
}

export interface TrainModelsOptions {
  seed: number;
  threads: number;
  /** Whether seen items are left out when validation is scored; null: what the blend learns, by the repeats in validation. */
  excludeSeen: boolean | null;
  /** Which models to make. Default: 'engine', all of them and their blend. */
  models?: 'engine' | 'rules' | 'factors' | 'item-knn' | 'popularity' | 'sequence' | 'sessions' | 'content';
  /** Candidates that recall hands to ranking while the blend is learned. Default: 500. */
  candidates?: number;
  /** Seconds; see `TrainOptions.budget`. Default: 600. */
  budget?: number;
  /** Folder for the state of what takes long, from which a run that was stopped goes on; absent: none is kept. */
  checkpoints?: string;
  /** Whether a ranker is learned beside the blend. Default: true. */
  ranker?: boolean;
  /** What the ranker is taught to foretell; absent: whatever speaks for an item, by its weight. */
  goals?: Goals;
  /** Whether the models will be fitted again: the budget is for both. */
  refit?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: TrainProgress) => void;
}

export interface TrainedModels {
  models: NativeModels;
  report: TrainReport;
}
