/** One training run: its clock, its signal and who listens to its progress. */

import { runJob } from '../jobs.js';
import type { LearnOptions, NativeJob, NativeProgress } from '../native.js';
import type { Phase, TrainModelsOptions } from './types.js';

/** What a native job is told, less the rule for seen items. */
type JobOptions = Omit<LearnOptions, 'excludeSeen'>;

export class Run {
  readonly #started = performance.now();
  readonly signal: AbortSignal | undefined;
  #phase: { name: Phase; since: number; from: number } | null = null;

  constructor(private readonly options: Pick<TrainModelsOptions, 'seed' | 'threads' | 'signal' | 'onProgress'>) {
    this.signal = options.signal;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Tells the listener how far a phase has come. */
  report(phase: Phase, { done, total, ndcg, loss }: NativeProgress): void {
    const fraction = total > 0 ? Math.min(1, done / total) : 0;
    const now = this.seconds * 1000;
    // What a resumed training begins with took no time of this run.
    if (this.#phase?.name !== phase) this.#phase = { name: phase, since: now, from: fraction };
    const { since, from } = this.#phase;
    const left = fraction > from ? ((now - since) * (1 - fraction)) / (fraction - from) : undefined;
    this.options.onProgress?.({
      phase,
      done,
      total,
      fraction,
      ...(Number.isFinite(ndcg) ? { ndcg } : {}),
      ...(Number.isFinite(loss) ? { loss } : {}),
      elapsed: now,
      ...(left === undefined ? {} : { left }),
    });
  }

  /** Tells the listener that a phase without a native job begins, or has ended. */
  mark(phase: Phase, ended: boolean): void {
    this.report(phase, { done: Number(ended), total: 1, ndcg: Number.NaN, loss: Number.NaN });
  }

  /**
   * Runs one native job of a phase. What the listener throws stops the job, and is what the run fails with.
   * @param share which of how many jobs of the phase this one is
   */
  async job<T>(phase: Phase, start: (options: JobOptions) => NativeJob<T>, share = { index: 0, of: 1 }): Promise<T> {
    const { seed, threads } = this.options;
    const fault: { thrown: boolean; error?: unknown } = { thrown: false };
    let job: NativeJob<T> | undefined;
    const onProgress = ({ done, total, ...rest }: NativeProgress): void => {
      if (fault.thrown) return;
      try {
        this.report(phase, { done: share.index * total + done, total: share.of * total, ...rest });
      } catch (error) {
        fault.thrown = true;
        fault.error = error;
        job?.cancel();
      }
    };
    try {
      const result = await runJob(() => {
        job = start({ seed, threads, onProgress });
        return job;
      }, this.signal);
      if (fault.thrown) throw fault.error;
      return result;
    } catch (error) {
      throw fault.thrown ? fault.error : error;
    }
  }
}

/** Gives the event loop a turn between the pieces of work done on it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
