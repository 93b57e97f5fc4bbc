/** What a search brought, in the caller's words. */

import type { NativeHits } from '../native-vector.js';
import type { Id, IdType } from './ids.js';

export interface SearchResult<T extends Id = string> {
  /** Best first; of equal scores, in no promised order. */
  ids: T[];
  /** Of each id; higher is better. 'dot' and 'cosine': the inner product; 'l2': minus the squared distance. */
  scores: Float32Array;
  /** How it was searched. */
  index: 'exact' | 'graph';
  /** Rows that the walk kept; 0 for an exact search. */
  efSearch: number;
  /** Whether fewer than k ids were there to be found. */
  underfilled: boolean;
}

/** The results of each query, `hits` being of one or more of them. */
export function resultsOf<T extends Id>(hits: NativeHits, k: number, type: IdType<T>): SearchResult<T>[] {
  const results: SearchResult<T>[] = [];
  let begin = 0;
  for (let query = 0; query < hits.counts.length; query++) {
    const count = hits.counts[query] ?? 0;
    const efSearch = hits.efs[query] ?? 0;
    results.push({
      ids: type.found(hits.ids, begin, begin + count),
      // A copy each: they are the caller's to keep, or to transfer.
      scores: hits.scores.slice(begin, begin + count),
      index: efSearch > 0 ? 'graph' : 'exact',
      efSearch,
      underfilled: count < k,
    });
    begin += count;
  }
  return results;
}
