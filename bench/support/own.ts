/** Our index as the benches make it: numbers as ids, a row's position being its id. */

import { type SearchResult, VectorIndex } from '../../src/vector/index.js';
import type { Vectors } from './glove.js';
import { cpuMillis } from './measure.js';
import { type BenchOptions, type Given, oneOf } from './options.js';

/** What ours and the peers are built with, and how many neighbours are asked for. */
export const GRAPH = { m: 16, efConstruction: 200, k: 10 } as const;

export type OwnIndex = VectorIndex<number>;
export type OwnResult = SearchResult<number>;

export interface OwnOptions {
  storage: 'f32' | 'bf16' | 'int8';
  codes: 'auto' | 'int4' | 'int8';
}

export const OWN_OPTIONS: BenchOptions = {
  storage: { default: 'f32', help: 'of our index: f32, bf16, int8' },
  codes: { default: 'auto', help: 'of our index: auto, int4, int8' },
};

export function ownOptions(given: Given): OwnOptions {
  return {
    storage: oneOf('storage', given.text('storage'), ['f32', 'bf16', 'int8']),
    codes: oneOf('codes', given.text('codes'), ['auto', 'int4', 'int8']),
  };
}

export function emptyIndex(dim: number, { storage, codes }: OwnOptions): OwnIndex {
  const { m, efConstruction } = GRAPH;
  return new VectorIndex({ dim, metric: 'cosine', ids: 'number', storage, codes, m, efConstruction });
}

export interface Built {
  index: OwnIndex;
  cpuSeconds: number;
  wallSeconds: number;
}

/** All rows in one call. */
export function makeIndex({ dim, rows, count }: Pick<Vectors, 'dim' | 'rows' | 'count'>, options: OwnOptions & { threads: number }): Built {
  const index = emptyIndex(dim, options);
  const ids = Uint32Array.from({ length: count }, (_, i) => i);
  const [cpu, wall] = [cpuMillis(), performance.now()];
  index.putSync(ids, rows, { threads: options.threads });
  return { index, cpuSeconds: (cpuMillis() - cpu) / 1000, wallSeconds: (performance.now() - wall) / 1000 };
}
