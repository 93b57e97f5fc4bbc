/** Compiled filters, found again by what they mean. */

import { KairankError } from '../errors.js';
import type { FilterStep, NativeCore } from '../native.js';
import type { Schema } from './schema.js';
import { compileWhere } from './where.js';

/** No filter, as a native request says it. */
export const NO_FILTER = -1;
const MAX_CACHED = 1024;

/** What a request holds on to, so that a filter that the core has let go of can be compiled again. */
export interface Filter {
  handle: number;
  readonly key: string;
  readonly steps: readonly FilterStep[];
}

export class FilterCache {
  readonly #filters = new Map<string, Filter>();

  constructor(
    private readonly core: NativeCore,
    private readonly schema: Schema,
  ) {}

  /** The filter of a `where`; null when there is none. */
  find(where: unknown): Filter | null {
    if (where === undefined) return null;
    const steps = compileWhere(this.schema, where);
    const key = JSON.stringify(steps, (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    );
    const known = this.#filters.get(key);
    if (known) {
      // Last used goes last, so that the first is the one to drop.
      this.#filters.delete(key);
      this.#filters.set(key, known);
      return known;
    }
    const filter = { handle: this.core.compileFilter(steps), key, steps };
    this.#filters.set(key, filter);
    if (this.#filters.size > MAX_CACHED) {
      const oldest = this.#filters.keys().next();
      if (!oldest.done) this.#filters.delete(oldest.value);
    }
    return filter;
  }

  /** Compiles a filter anew when the core no longer knows its handle. */
  renew(filter: Filter): void {
    filter.handle = this.core.compileFilter(filter.steps);
    this.#filters.set(filter.key, filter);
  }
}

/** Whether an error may mean that the core let go of a filter. */
export function mayBeEvicted(error: unknown): boolean {
  return error instanceof KairankError && error.code === 'KAIRANK_NOT_FOUND';
}
