/** What items are called, for people. */

import type { Engine } from '../engine.js';
import { KairankError } from '../errors.js';

/** Reads the titles of some items; an item without one is called by its id. */
export async function namesOf(engine: Engine, ids: Iterable<string>): Promise<(id: string) => string> {
  const { title } = engine.catalog;
  const names = new Map<string, string>();
  if (title !== null) {
    for (const id of new Set(ids)) {
      const stored = await engine.items.get(id).catch((error: unknown) => {
        if (error instanceof KairankError && error.code === 'KAIRANK_NOT_FOUND') return undefined;
        throw error;
      });
      const name = stored?.fields[title];
      if (typeof name === 'string') names.set(id, name);
    }
  }
  return (id) => names.get(id) ?? id;
}
