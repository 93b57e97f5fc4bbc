/** Checked by `npm run typecheck`: the ids of an index are of the kind that it was made with. Never run. */

import { expectTypeOf } from 'vitest';
import { type Id, type IdKind, type SearchResult, type Selection, VectorIndex, type VectorIndexOptions } from '../../src/vector/index.js';

const vector = new Float32Array(3);

export async function texts(): Promise<void> {
  using index = new VectorIndex({ dim: 3 });
  expectTypeOf(index).toEqualTypeOf<VectorIndex<string>>();
  expectTypeOf(index).toEqualTypeOf<VectorIndex>();
  expectTypeOf(new VectorIndex({ dim: 3, ids: 'string', metric: 'l2', graph: false })).toEqualTypeOf<VectorIndex<string>>();
  expectTypeOf(await index.search(vector)).toEqualTypeOf<SearchResult<string>>();
  expectTypeOf(await index.search(vector)).toEqualTypeOf<SearchResult>();
  expectTypeOf(index.searchBatchSync(vector, { threads: 1 })).toEqualTypeOf<SearchResult[]>();
  expectTypeOf(await index.put(['a'], vector, { deadline: 10, onProgress: ({ done }) => done })).toEqualTypeOf<{
    added: number;
    replaced: number;
  }>();
  expectTypeOf(index.get('a')).toEqualTypeOf<Float32Array | undefined>();
  // @ts-expect-error ids are strings
  await index.put([1], vector);
  // @ts-expect-error and typed arrays hold none
  index.putSync(Uint32Array.of(1), vector);
  // @ts-expect-error so does this
  index.has(1);
  // @ts-expect-error a single search has one thread
  await index.search(vector, { threads: 2 });
  // @ts-expect-error nobody can take back what is done at once
  index.searchSync(vector, { signal: new AbortController().signal });
  // @ts-expect-error no such way
  index.searchSync(vector, { index: 'hnsw' });
  // @ts-expect-error a filter is a selection
  index.searchSync(vector, { filter: ['a'] });
}

export async function numbers(): Promise<void> {
  const index = new VectorIndex({ dim: 3, ids: 'number' });
  expectTypeOf(index).toEqualTypeOf<VectorIndex<number>>();
  await index.put(Uint32Array.of(1), vector);
  await index.put(Float64Array.of(1), vector);
  await index.put([1] as const, vector);
  // @ts-expect-error ids are numbers
  await index.put(['1'], vector);
  const selection: Selection = index.select(Uint32Array.of(1));
  const { ids, index: way } = index.searchSync(vector, { filter: selection, k: 3 });
  expectTypeOf(ids).toEqualTypeOf<number[]>();
  expectTypeOf(way).toEqualTypeOf<'exact' | 'graph'>();
}

/** A file knows its ids; who opens it says what they are, or takes both. */
export async function opened(): Promise<void> {
  expectTypeOf(await VectorIndex.open('a')).toEqualTypeOf<VectorIndex<Id>>();
  expectTypeOf(await VectorIndex.open('a', { ids: 'number' })).toEqualTypeOf<VectorIndex<number>>();
  expectTypeOf(await VectorIndex.open('a', { ids: 'string', verify: 'all' })).toEqualTypeOf<VectorIndex<string>>();
  // @ts-expect-error all of it, or what is read
  await VectorIndex.open('a', { verify: 'never' });
}

/** Where the kind is known at run time alone. */
export function either(kind: IdKind): VectorIndex<Id> {
  const options: VectorIndexOptions = { dim: 3, ids: kind };
  return new VectorIndex(options);
}

/** An index of a caller's own. */
export class Words extends VectorIndex<'string'> {
  constructor() {
    super({ dim: 3 });
  }
}

// @ts-expect-error how many numbers a vector has must be said
export const shapeless = (): unknown => new VectorIndex({});
// @ts-expect-error no such metric
export const unmeasured = (): unknown => new VectorIndex({ dim: 3, metric: 'euclid' });
