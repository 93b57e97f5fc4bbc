/** Items that came after training get their factors beside the requests, soon after somebody takes them up. */

import { runJob } from '../jobs.js';
import type { NativeCore } from '../native.js';

/** Milliseconds between the end of one placing and the next. */
const INTERVAL = 200;

export class Newcomers {
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #again = false;
  readonly #closing = new AbortController();

  constructor(private readonly core: NativeCore) {}

  /** Something was done with items that the models have no factors for, or there are other models. */
  wake(): void {
    if (this.#closing.signal.aborted) return;
    this.#again = true;
    if (this.#running || this.#timer) return;
    this.#running = this.#place();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  async #place(): Promise<void> {
    const { signal } = this.#closing;
    this.#again = false;
    try {
      await runJob(() => this.core.placeNewcomers(), signal);
    } catch (error) {
      // Nobody waits for this; the models go on as they are.
      if (!signal.aborted) process.emitWarning(error instanceof Error ? error : String(error), { type: 'KairankWarning' });
    }
    this.#running = null;
    if (signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#again) this.wake();
    }, INTERVAL);
    // Being about to place newcomers is no reason to keep a process alive.
    this.#timer.unref();
  }
}
