/** A store's content into an empty core, in the order in which it came, so that every id gets the row it had. */

import { toColumns } from './catalog/items.js';
import type { Schema } from './catalog/schema.js';
import { call, throwIfAborted } from './jobs.js';
import type { NativeCore } from './native.js';
import type { EventTypeTable } from './shopper/event-types.js';
import { weightOf } from './shopper/validate.js';
import type { EventBlock } from './store/block.js';
import type { Store } from './store/store.js';

/** Ids a turn of the event loop. */
const SLICE = 8192;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function addBlock(core: NativeCore, types: EventTypeTable, ids: readonly string[], block: EventBlock): void {
  const items = Array.from(block.itemKeys, (key) => (key === 0 ? '' : (ids[key - 1] ?? '')));
  const weights = Float32Array.from(block.types, (type, index) => weightOf(types, type, block.values[index] ?? 0));
  core.addEvents(block.users, items, block.types, weights, block.times);
}

/**
 * Fills a core from a store.
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_ABORTED
 */
export async function restore(
  store: Store,
  core: NativeCore,
  schema: Schema,
  types: EventTypeTable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ids = store.ids();
  for (let at = 0; at < ids.length; at += SLICE) {
    const slice = ids.slice(at, at + SLICE);
    const keys = Float64Array.from(slice, (_, index) => at + index + 1);
    call(() => core.reserveItems(slice, keys));
    await turn();
    throwIfAborted(signal);
  }
  for (const slice of store.items({ vectors: false })) {
    const keys = Float64Array.from(slice, ({ key }) => key);
    call(() =>
      core.putItems(
        slice.map(({ id }) => id),
        keys,
        slice.map(({ fields }) => toColumns(schema, fields)),
      ),
    );
    await turn();
    throwIfAborted(signal);
  }
  for (const block of store.log.replay()) {
    call(() => addBlock(core, types, ids, block));
    await turn();
    throwIfAborted(signal);
  }
}
