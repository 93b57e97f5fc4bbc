/** What feedback teaches between trainings: told, watched and kept beside the bundle that it belongs to. */

import { call } from '../jobs.js';
import type { NativeCore, NativeFeedback } from '../native.js';
import type { AnswerTiming } from '../pipeline/requests.js';
import type { Store } from '../store/store.js';

/** Lessons after which what was learned is written down. */
const KEEP_EVERY = 1000;

/** What came of the choices that shoppers made from lists; a choice is an event that names the `requestId` of its list. */
export interface OnlineInfo {
  /** Choices that were learned from. */
  learned: number;
  /** Choices of lists that are not remembered (the last 16,384 are, their first 20 items), or of models that are no more. */
  missed: number;
  /** Times that what was learned foretold choices worse than before, and was taken back. */
  rollbacks: number;
  /** Times that choices became harder to foretell than they were. */
  drifts: number;
  /** Choices looked back on, at most 256. */
  window: number;
  /** Mean log likelihood of these, each foretold before it was learned from: 0 is certainty. */
  likelihood: number;
  /** The same by the models as training left them. */
  likelihoodAsTrained: number;
}

/** Events of an engine, with what is known at that moment. */
export interface EngineEvents {
  /** What feedback had taught foretold choices worse (by more than three standard errors), and was taken back. */
  rollback: [OnlineInfo];
  /** Choices became harder to foretell: tastes changed, or the stock did. A training may be due. */
  drift: [OnlineInfo];
  /** A request was answered: where its time went. Told after the answer, and only while somebody listens. */
  answer: [AnswerTiming];
}

/** @param native as the core counts it */
export function onlineInfo({ choices, ...counts }: NativeFeedback): OnlineInfo {
  return { ...counts, window: choices };
}

export class OnlineLearning {
  #before: NativeFeedback;
  /** Lessons that are written down. */
  #kept = 0;
  #keeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly core: NativeCore,
    private readonly store: Store,
    private readonly tell: (event: 'rollback' | 'drift', info: OnlineInfo) => void,
  ) {
    this.#before = call(() => core.feedback());
  }

  /** Goes on from what was learned beside the bundle in use; where that is damaged or of other models, from the models as trained. */
  resume(): void {
    const { online, current } = this.store;
    if (online && current && online.bundle === current.bundle) call(() => this.core.resumeFeedback(online.state));
  }

  /** Feedback has been learned from. */
  learned(): void {
    const now = call(() => this.core.feedback());
    const before = this.#before;
    this.#before = now;
    if (now.rollbacks > before.rollbacks) this.tell('rollback', onlineInfo(now));
    if (now.drifts > before.drifts) this.tell('drift', onlineInfo(now));
    if (now.learned - this.#kept >= KEEP_EVERY) {
      this.#keeping = this.#keep(now.learned).catch((error: unknown) => {
        // Nobody waits for this, and the next time comes.
        process.emitWarning(error instanceof Error ? error : String(error), { type: 'KairankWarning' });
      });
    }
  }

  /** Writes down what is not yet. */
  async close(): Promise<void> {
    await this.#keeping;
    if (this.#before.learned > this.#kept) await this.#keep(this.#before.learned);
  }

  async #keep(learned: number): Promise<void> {
    this.#kept = learned;
    const { current } = this.store;
    if (!current) return;
    const state = call(() => this.core.feedbackState());
    if (state.length > 0) await this.store.write((transaction) => transaction.setOnline({ bundle: current.bundle, state }));
  }
}
