/** Group commit: changes that arrive while one commit is under way go into the next, together. */

interface Waiting<Tx> {
  /** Runs the change and returns what is to happen once it is durable. */
  change: (transaction: Tx) => () => void;
  reject: (error: unknown) => void;
}

/** Commits a group: runs `body` in a transaction and resolves when it is durable; rejects when nothing was written. */
export type Commit<Tx> = (body: (transaction: Tx) => void) => Promise<void>;

export class WriteQueue<Tx> {
  #waiting: Waiting<Tx>[] = [];
  #running: Promise<void> | null = null;

  constructor(private readonly commit: Commit<Tx>) {}

  run<R>(change: (transaction: Tx) => R, apply?: (result: R) => void): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        change: (transaction) => {
          const result = change(transaction);
          return () => {
            try {
              apply?.(result);
              resolve(result);
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          };
        },
        reject,
      });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #drain(): Promise<void> {
    // A turn's pause lets the calls of one turn share the first commit too.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      let settle: (() => void)[] = [];
      try {
        await this.commit((transaction) => {
          settle = group.map((one) => one.change(transaction));
        });
        for (const done of settle) done();
      } catch (error) {
        for (const one of group) one.reject(error);
      }
    }
    this.#running = null;
  }
}
