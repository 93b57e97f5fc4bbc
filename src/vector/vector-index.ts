/** The index of vectors: a façade over a native one. */

import { KairankError } from '../errors.js';
import { call, runJob } from '../jobs.js';
import { native } from '../native.js';
import type { Codes, Metric, NativeFigures, NativeHits, NativeIndex, NativeIndexOptions, Storage } from '../native-vector.js';
import { onlyKeys, record, refuse, signal as checkSignal } from '../options.js';
import { type Id, type Ids, type IdType, idTypeOf } from './ids.js';
import {
  checkIndexOptions,
  checkOpen,
  checkPath,
  checkPutOptions,
  checkPutSyncOptions,
  type OpenOptions,
  type PutOptions,
  type PutSyncOptions,
  QUEUE_LIMIT,
} from './options.js';
import { resultsOf, type SearchResult } from './results.js';
import {
  checkSearch,
  type SearchBatchOptions,
  type SearchBatchSyncOptions,
  type SearchOptions,
  type SearchSyncOptions,
} from './search-options.js';
import { Selection } from './selection.js';

/** Of a norm; the core has the same limit. */
const MAX_SQUARES = 1e30;

/** How many vectors a put added, and how many it replaced. */
export interface PutResult {
  added: number;
  replaced: number;
}

/** Figures about an index, as they are now. */
export interface VectorIndexStats {
  items: number;
  dim: number;
  metric: Metric;
  storage: Storage;
  codes: Codes;
  graph: boolean;
  m: number;
  efConstruction: number;
  ids: 'string' | 'number';
  /** Of vectors, codes, links and ids, in native memory. */
  bytes: number;
  /** The same, for each place of a vector. */
  bytesPerRow: number;
  /** Places of removed and replaced vectors that new ones will take. */
  reusable: number;
}

/** What reaches which recall@10, as measured. */
export interface CalibrationPoint {
  efSearch: number;
  recall: number;
}

/** A native index that is there already. */
class Made {
  constructor(readonly index: NativeIndex) {}
}

function create(options: NativeIndexOptions): NativeIndex {
  return call(() => native().createIndex(options));
}

/**
 * Vectors under ids, searched by nearness: exactly, or through a graph that is walked on codes of 4 or 8 bits. Vectors
 * can be put, replaced and removed while searches go on. `kairank/vector` exports it with a constructor that knows the
 * kind of the ids.
 */
export class VectorIndex<T extends Id> implements Disposable {
  readonly #ids: IdType<T>;
  readonly #native: NativeIndex;
  readonly #dim: number;
  readonly #graph: boolean;

  constructor(options: unknown) {
    const made = options instanceof Made ? options.index : create(checkIndexOptions(options));
    const { dim, graph, strings } = call(() => made.figures());
    this.#native = made;
    this.#dim = dim;
    this.#graph = graph;
    // The types of the exported constructor and of `open` tie T to the kind of ids, which was just checked.
    this.#ids = idTypeOf(strings ? 'string' : 'number') as unknown as IdType<T>;
  }

  /**
   * Opens an index that `save` wrote, by mapping the file: it answers at once, and reads what it needs. It can be
   * written to; what is written stays in memory until it is saved.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_IO, KAIRANK_CORRUPT_FILE and KAIRANK_UNSUPPORTED_FORMAT (naming
   *   the file)
   */
  static async open(path: string, options: OpenOptions = {}): Promise<VectorIndex<Id>> {
    const { ids, verifyAll } = checkOpen(options);
    const file = checkPath(path);
    const index = await runJob(() => native().openIndex(file, verifyAll, QUEUE_LIMIT), undefined);
    const kind = index.figures().strings ? 'string' : 'number';
    if (ids !== undefined && ids !== kind) {
      index.close();
      refuse('ids', `'${kind}', as the ids of ${file} are`, ids);
    }
    return new VectorIndex<Id>(new Made(index));
  }

  /** How many ids have a vector. */
  get size(): number {
    return this.#figures().items;
  }

  /** @throws KairankError KAIRANK_CLOSED */
  get stats(): VectorIndexStats {
    const { items, dim, metric, storage, codes, graph, m, efConstruction, strings, bytes, rows, reusable } = this.#figures();
    const bytesPerRow = rows > 0 ? bytes / rows : 0;
    const ids = strings ? 'string' : 'number';
    return { items, dim, metric, storage, codes, graph, m, efConstruction, ids, bytes, bytesPerRow, reusable };
  }

  /**
   * Puts vectors (n × dim, row by row, finite, each of a norm of at most 1e15) under n ids. An id that is there already
   * gets the new vector; of equal ids in one call the last one counts. The vectors are copied before the call returns,
   * and written beside the event loop, in the order of the calls; searches see each of them once it is in its place.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_ABORTED, KAIRANK_DEADLINE_EXCEEDED, KAIRANK_OUT_OF_MEMORY,
   *   KAIRANK_CLOSED
   */
  async put(ids: Ids<T>, vectors: Float32Array, options: PutOptions = {}): Promise<PutResult> {
    const { threads, deadline, signal, onProgress } = checkPutOptions(options);
    const given = this.#ids.many('ids', ids);
    this.#checkVectors(vectors, given.length);
    return runJob(() => this.#native.put(given, vectors, threads, deadline, onProgress), signal);
  }

  /**
   * As `put`, on this thread. It waits for a write that is going on, and comes before those that have not begun.
   * @throws KairankError as `put`
   */
  putSync(ids: Ids<T>, vectors: Float32Array, options: PutSyncOptions = {}): PutResult {
    const threads = checkPutSyncOptions(options);
    const given = this.#ids.many('ids', ids);
    this.#checkVectors(vectors, given.length);
    return call(() => this.#native.putSync(given, vectors, threads));
  }

  /**
   * Removes ids, in the order of the writes; returns how many of them were there.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED
   */
  async remove(ids: Ids<T>): Promise<number> {
    const given = this.#ids.many('ids', ids);
    return runJob(() => this.#native.remove(given), undefined);
  }

  /** As `remove`, on this thread, and with the waiting of `putSync`. */
  removeSync(ids: Ids<T>): number {
    const given = this.#ids.many('ids', ids);
    return call(() => this.#native.removeSync(given));
  }

  /** @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED */
  has(id: T): boolean {
    const given = this.#ids.one('id', id);
    return call(() => this.#native.has(given));
  }

  /**
   * The vector of an id as it is kept (dim numbers): at unit length for 'cosine', and as far as `storage` goes;
   * undefined for an id that is not there.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED
   */
  get(id: T): Float32Array | undefined {
    const given = this.#ids.one('id', id);
    return call(() => this.#native.get(given)) ?? undefined;
  }

  /**
   * The k ids nearest to a query (dim numbers, finite), best first. The search runs on the pool; calls that wait at the
   * same time with the same options are searched together.
   *
   * Exact search scores codes of 8 bits and weighs whatever could be among the best by its vector, so that nothing is
   * missed. The graph is the HNSW of Malkov & Yashunin 2016 (algorithms 1, 2, 4 and 5), walked on codes: those of 4 bits
   * are scored by the estimator of RaBitQ (Gao & Long 2024, section 3.1).
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_OVERLOADED (too many calls wait), KAIRANK_ABORTED,
   *   KAIRANK_DEADLINE_EXCEEDED, KAIRANK_CLOSED
   */
  async search(query: Float32Array, options: SearchOptions = {}): Promise<SearchResult<T>> {
    const { k, native, signal } = checkSearch(options, { batch: false, sync: false, graph: this.#graph });
    this.#checkQuery(query);
    return this.#first(await runJob(() => this.#native.search(query, ...native), signal), k);
  }

  /**
   * As `search`, on this thread.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_DEADLINE_EXCEEDED, KAIRANK_CLOSED
   */
  searchSync(query: Float32Array, options: SearchSyncOptions = {}): SearchResult<T> {
    const { k, native } = checkSearch(options, { batch: false, sync: true, graph: this.#graph });
    this.#checkQuery(query);
    return this.#first(
      call(() => this.#native.searchSync(query, ...native)),
      k,
    );
  }

  /**
   * Searches for n queries (n × dim, row by row) at once; the results are in their order. Exact searches share matrix
   * products, 64 queries at a time.
   * @throws KairankError as `search`
   */
  async searchBatch(queries: Float32Array, options: SearchBatchOptions = {}): Promise<SearchResult<T>[]> {
    const { k, native, signal } = checkSearch(options, { batch: true, sync: false, graph: this.#graph });
    this.#checkQueries(queries);
    return resultsOf(await runJob(() => this.#native.search(queries, ...native), signal), k, this.#ids);
  }

  /** As `searchBatch`, on this thread and its helpers. */
  searchBatchSync(queries: Float32Array, options: SearchBatchSyncOptions = {}): SearchResult<T>[] {
    const { k, native } = checkSearch(options, { batch: true, sync: true, graph: this.#graph });
    this.#checkQueries(queries);
    return resultsOf(
      call(() => this.#native.searchSync(queries, ...native)),
      k,
      this.#ids,
    );
  }

  /**
   * A live set of ids to search within; ids that are not there are left out. It takes one bit for each vector.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED
   */
  select(ids: Ids<T>): Selection {
    const given = this.#ids.many('ids', ids);
    return new Selection(call(() => this.#native.select(given)));
  }

  /**
   * Measures which `efSearch` reaches which recall of the 10 best, on queries that were asked, or on vectors of the index
   * while they are few. Searches with `recall` do it when they need to; this does it now. Empty for an index without a
   * graph, or without vectors.
   * @throws KairankError KAIRANK_ABORTED, KAIRANK_CLOSED
   */
  async calibrate(options: { signal?: AbortSignal } = {}): Promise<CalibrationPoint[]> {
    const { signal, ...rest } = record('options', options);
    onlyKeys('', rest, ['signal']);
    return runJob(() => this.#native.calibrate(), checkSignal('signal', signal));
  }

  /**
   * Writes the index to one file, whole or not at all: a file of that name is replaced once the new one is on the disk.
   * What was put and removed before the call is in it. Searches go on meanwhile.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_IO, KAIRANK_CORRUPT_FILE (of the file that this index was
   *   opened from), KAIRANK_CLOSED
   */
  async save(path: string): Promise<void> {
    const file = checkPath(path);
    await runJob(() => this.#native.save(file), undefined);
  }

  /** Lets go of the memory. Calls in flight finish; others fail with KAIRANK_CLOSED. May be called again. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #figures(): NativeFigures {
    return call(() => this.#native.figures());
  }

  #first(hits: NativeHits, k: number): SearchResult<T> {
    const [result] = resultsOf(hits, k, this.#ids);
    if (!result) throw new KairankError('KAIRANK_INTERNAL', 'A search brought nothing, not even an empty result.');
    return result;
  }

  #checkVectors(vectors: unknown, count: number): void {
    if (!(vectors instanceof Float32Array) || vectors.length !== count * this.#dim) {
      const length = count * this.#dim;
      refuse('vectors', `a Float32Array of ${count} × ${this.#dim} = ${length} numbers, one vector an id`, vectors);
    }
  }

  #checkQuery(query: unknown): void {
    if (!(query instanceof Float32Array) || query.length !== this.#dim) {
      refuse('query', `a Float32Array of ${this.#dim} numbers`, query);
    }
    let squares = 0;
    for (let i = 0; i < query.length; i++) squares += (query[i] ?? 0) ** 2;
    if (squares <= MAX_SQUARES) return;
    const wrong = query.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) refuse(`query[${wrong}]`, 'a finite number', query[wrong]);
    refuse('query', 'a vector of a norm of at most 1e15', Math.sqrt(squares));
  }

  #checkQueries(queries: unknown): void {
    if (!(queries instanceof Float32Array) || queries.length % this.#dim !== 0) {
      refuse('queries', `a Float32Array of n × ${this.#dim} numbers`, queries);
    }
  }
}
