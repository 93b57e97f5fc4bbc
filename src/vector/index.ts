/** kairank/vector: exports, nothing else. */

import type { Id, IdKind, IdOf } from './ids.js';
import type { OpenOptions, VectorIndexOptions } from './options.js';
import { VectorIndex as Index } from './vector-index.js';

export { ERROR_CODES, type ErrorCode, type ErrorDetails, KairankError } from '../errors.js';
export type { Codes, Metric, SearchPath, Storage } from '../native-vector.js';
export type { Id, IdKind, IdOf, Ids } from './ids.js';
export type { OpenOptions, PutOptions, PutSyncOptions, VectorIndexOptions, WriteProgress } from './options.js';
export type { SearchResult } from './results.js';
export type { SearchBatchOptions, SearchBatchSyncOptions, SearchOptions, SearchSyncOptions } from './search-options.js';
export type { Selection } from './selection.js';
export type { CalibrationPoint, PutResult, VectorIndexStats } from './vector-index.js';

/** An index whose ids are of type T. */
export type VectorIndex<T extends Id = string> = Index<T>;

export interface VectorIndexConstructor {
  /**
   * Makes an empty index. `new VectorIndex({ dim: 64 })` has string ids, `new VectorIndex({ dim: 64, ids: 'number' })`
   * is a `VectorIndex<number>`.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT naming the option, KAIRANK_OUT_OF_MEMORY, KAIRANK_NATIVE_UNAVAILABLE
   */
  new <K extends IdKind = 'string'>(options: VectorIndexOptions<K>): VectorIndex<IdOf<K>>;
  /**
   * Opens an index that `save` wrote, by mapping the file: it answers at once, and reads what it needs. It can be
   * written to; what is written stays in memory until it is saved.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_IO, KAIRANK_CORRUPT_FILE and KAIRANK_UNSUPPORTED_FORMAT (naming
   *   the file)
   */
  open<K extends IdKind>(path: string, options: OpenOptions<K> & { ids: K }): Promise<VectorIndex<IdOf<K>>>;
  open(path: string, options?: OpenOptions): Promise<VectorIndex<Id>>;
  readonly prototype: VectorIndex<Id>;
}

export const VectorIndex: VectorIndexConstructor = Index;
