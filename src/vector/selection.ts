/** Sets of ids to search within. */

import { call } from '../jobs.js';
import type { NativeSelection } from '../native-vector.js';

let nativeOf: (selection: Selection) => NativeSelection;

/**
 * A live set of ids of one index, to search within: `index.search(query, { filter: selection })`. It follows the ids:
 * a replaced one stays in it, a removed one leaves it, and comes back only in a new selection. Keep one for as long as
 * it is used, and close it then: while it is open, every write keeps it up to date.
 */
export class Selection implements Disposable {
  readonly #native: NativeSelection;

  static {
    nativeOf = (selection): NativeSelection => selection.#native;
  }

  /** Made by `VectorIndex.select`. */
  constructor(native: NativeSelection) {
    this.#native = native;
  }

  /**
   * Ids that are in it now.
   * @throws KairankError KAIRANK_CLOSED
   */
  get size(): number {
    return call(() => this.#native.size());
  }

  /** Lets go of it. Searches in flight finish; others fail with KAIRANK_CLOSED. May be called again. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What the core knows a selection by. */
export function nativeSelection(selection: Selection): NativeSelection {
  return nativeOf(selection);
}
