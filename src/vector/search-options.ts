/** What a search is asked with: options, defaults and checks. */

import type { NativeSearchArguments, SearchPath } from '../native-vector.js';
import { integer, number, oneOf, onlyKeys, record, refuse, signal as checkSignal } from '../options.js';
import { checkDeadline, checkThreads, MAX_EF } from './options.js';
import { nativeSelection, Selection } from './selection.js';

export interface SearchSyncOptions {
  /** Results wanted: 1 to 100,000, default 10. */
  k?: number;
  /**
   * How to search. 'exact' scores every eligible row and is always right; 'graph' walks the graph, and falls back on
   * 'exact' where a walk cannot bring k results. Default 'auto': what is measured to be cheaper.
   */
  index?: SearchPath;
  /** Rows that a walk keeps: 1 to 1,048,576, at least k. More find more of the true neighbours. Default 128, or 2k. */
  efSearch?: number;
  /**
   * The share of the true neighbours to find, .01 to 1, instead of `efSearch`: the index measures which ef reaches it on
   * queries that it was asked before, and measures again once a fifth of its rows has changed.
   */
  recall?: number;
  /** Only these ids: what `select` made. */
  filter?: Selection;
  /** Milliseconds from the call. */
  deadline?: number;
}

export interface SearchOptions extends SearchSyncOptions {
  /** Takes the call back. */
  signal?: AbortSignal;
}

export interface SearchBatchSyncOptions extends SearchSyncOptions {
  /** Threads to search with: 1 to 1024; default, every core that the process may use. */
  threads?: number;
}

export interface SearchBatchOptions extends SearchOptions, Pick<SearchBatchSyncOptions, 'threads'> {}

export interface CheckedSearch {
  k: number;
  native: NativeSearchArguments;
  signal: AbortSignal | undefined;
}

const MAX_K = 100_000;
const DEFAULT_K = 10;
const PATHS: readonly SearchPath[] = ['auto', 'exact', 'graph'];
const KEYS = ['k', 'index', 'efSearch', 'recall', 'filter', 'deadline'];
const BATCH_KEYS = [...KEYS, 'threads'];

/** @throws KairankError KAIRANK_INVALID_ARGUMENT naming the option, KAIRANK_CLOSED for a selection that was closed */
export function checkSearch(value: unknown, kind: { batch: boolean; sync: boolean; graph: boolean }): CheckedSearch {
  const { signal, ...options } = record('options', value);
  onlyKeys('', kind.sync && signal !== undefined ? { ...options, signal } : options, kind.batch ? BATCH_KEYS : KEYS);
  const { k = DEFAULT_K, index = 'auto', efSearch, recall, filter, threads, deadline } = options;
  if (efSearch !== undefined && recall !== undefined) refuse('recall', 'either efSearch or recall', 'both');
  if (filter !== undefined && !(filter instanceof Selection)) refuse('filter', 'what select() returned', filter);
  const path = oneOf('index', index, PATHS);
  if (path === 'graph' && !kind.graph) refuse('index', '"auto" or "exact", as this index has no graph', index);
  const checked = integer('k', k, 1, MAX_K);
  return {
    k: checked,
    native: [
      checked,
      path,
      efSearch === undefined ? 0 : integer('efSearch', efSearch, 1, MAX_EF),
      recall === undefined ? 0 : number('recall', recall, 0.01, 1),
      filter === undefined ? null : nativeSelection(filter),
      kind.batch ? checkThreads(threads) : 1,
      checkDeadline(deadline),
    ],
    signal: checkSignal('signal', signal),
  };
}
