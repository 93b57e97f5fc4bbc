/** Calls of the addon whose errors are plain ones in hnswlib-node's words, and results in its shape. */

import { fromNative, KairankError } from '../../errors.js';
import type { NativeJob } from '../../native.js';
import type { SearchResult } from './types.js';

/** What hnswlib-node would throw: the core has hnswlib's own words for what hnswlib refuses. */
function hnswlibError(error: unknown): unknown {
  return fromNative(error) instanceof KairankError && error instanceof Error
    ? new Error(`Hnswlib Error: ${error.message}`, { cause: error })
    : error;
}

/** Must not run a caller's function: its errors are the caller's. */
export function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw hnswlibError(error);
  }
}

export async function settled<T>(job: NativeJob<T>): Promise<T> {
  try {
    return await job.promise;
  } catch (error) {
    throw hnswlibError(error);
  }
}

/** A search's reply: the distances, and then as many labels. */
export function resultOf(found: Float64Array): SearchResult {
  const count = found.length / 2;
  return { distances: Array.from(found.subarray(0, count)), neighbors: Array.from(found.subarray(count)) };
}
