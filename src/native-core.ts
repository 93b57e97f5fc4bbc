/** Types of what the addon exports for an engine: its core, and what goes into it and comes out. */

import type { NativeJob } from './native.js';
import type { NativeAttributeValues, NativeHistories, NativeModality, NativeModels } from './native-learning.js';

export type ColumnKind = 'number' | 'boolean' | 'category' | 'tags';

export interface CoreOptions {
  columns: { name: string; kind: ColumnKind }[];
  /** Weight of each event type, in the order of type indexes. */
  typeWeights: number[];
  /** Requests that may wait; more are refused with KAIRANK_OVERLOADED. */
  queueLimit: number;
  /** Microseconds that the first request of a batch waits for others; 0, the default: none. */
  gather?: number;
  /** Whether feedback teaches. Default: true. */
  online?: boolean;
  /** Milliseconds that requests may wait and lose nothing; 0, the default: they never do. */
  pressure?: number;
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
  /** Bit i: STAGES[i] was left out for lack of time. */
  skipped: number;
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

/** Stages that a request does without when time is short, in the order in which they are given up. */
export const STAGES = ['reasons', 'ranker', 'attention'] as const;
export type StageName = (typeof STAGES)[number];
