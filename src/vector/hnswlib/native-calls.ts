/** Calls of the addon whose errors are plain ones in hnswlib-node's words, and results in its shape. */

import { fromNative, KairankError } from '../../errors.js';
import type { NativeJob } from '../../native.js';
import type { SearchResult } from './types.js';

/** hnswlib says this of any file; what the core found in it is in the error's cause. */
const CORRUPTED = 'Index seems to be corrupted or unsupported';

/** What hnswlib-node would throw: the core has hnswlib's own words for what hnswlib refuses. */
function hnswlibError(error: unknown): unknown {
  const cause = fromNative(error);
  if (!(cause instanceof KairankError)) return error;
  return new Error(`Hnswlib Error: ${cause.message.startsWith(CORRUPTED) ? CORRUPTED : cause.message}`, { cause });
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

/** An index that can be written to a file. */
interface Writable {
  write(path: string): NativeJob<void>;
  writeSync(path: string): void;
}

/** @returns true, once the file is there */
export async function written(index: Writable | undefined, path: string): Promise<boolean> {
  if (index === undefined) throw new Error('Hnswlib Error: search index is not constructed.');
  await settled(index.write(path));
  return true;
}

/** The same in this turn. */
export function writtenSync(index: Writable | undefined, path: string): null {
  if (index === undefined) throw new Error('Search index is not constructed.');
  attempt(() => index.writeSync(path));
  return null;
}

/** A search's reply: the distances, and then as many labels. */
export function resultOf(found: Float64Array): SearchResult {
  const count = found.length / 2;
  return { distances: Array.from(found.subarray(0, count)), neighbors: Array.from(found.subarray(count)) };
}
