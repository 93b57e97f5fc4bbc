/** Native jobs as promises that an AbortSignal stops and whose errors are KairankErrors. */

import { fromNative, KairankError } from './errors.js';
import type { NativeJob } from './native.js';

/** The error of an aborted call; the signal's reason is its cause. */
export function aborted(signal: AbortSignal): KairankError {
  return new KairankError('KAIRANK_ABORTED', 'The call was aborted.', { cause: signal.reason });
}

/** Throws when the signal has been raised. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/**
 * Starts a job and waits for it; `signal` cancels it.
 * @throws KairankError KAIRANK_ABORTED, or what the job threw
 */
export async function runJob<T>(start: () => NativeJob<T>, signal: AbortSignal | undefined): Promise<T> {
  throwIfAborted(signal);
  let stop: (() => void) | undefined;
  try {
    const job = start();
    if (signal) {
      stop = () => job.cancel();
      signal.addEventListener('abort', stop, { once: true });
    }
    return await job.promise;
  } catch (error) {
    const known = fromNative(error);
    throw signal?.aborted && known instanceof KairankError && known.code === 'KAIRANK_ABORTED' ? aborted(signal) : known;
  } finally {
    if (stop) signal?.removeEventListener('abort', stop);
  }
}

/** Calls the core in this turn; what it throws becomes a KairankError. */
export function call<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fromNative(error);
  }
}
