/** Half of the rows make way for others while searches go on: what is lost in recall and memory against an index built afresh. */

import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadGlove, ROWS, type Vectors } from './support/glove.js';
import { machine } from './support/machine.js';
import { at, gather, vectorsOf } from './support/matrix.js';
import { percentile, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import { emptyIndex, GRAPH, OWN_OPTIONS, type OwnIndex, type OwnOptions, ownOptions } from './support/own.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { generator, shuffledOrder } from './support/random.js';
import { Truth } from './support/truth.js';

export const question =
  'half of 226,986 words are removed and others put, with searches meanwhile: what does it cost in recall, memory and time?';

export const options: BenchOptions = {
  rows: { default: ROWS, help: 'rows at most, for trials; two thirds of them are in the index' },
  step: { default: 1000, help: 'rows removed and put at a time' },
  ...OWN_OPTIONS,
};

const EF_SEARCH = [50, 100, 200, 400];
/** Of the searches that are timed. */
const TIMED_EF = 100;
const QUIET_SEARCHES = 4000;
const SEED = 8;

interface Plan {
  /** Positions in the data. */
  first: Uint32Array;
  leaving: Uint32Array;
  coming: Uint32Array;
  last: Uint32Array;
}

function plan(count: number): Plan {
  const half = Math.floor(count / 3);
  const order = shuffledOrder(half * 2, generator(SEED));
  const coming = Uint32Array.from({ length: half }, (_, i) => half * 2 + i);
  const last = new Uint32Array(half * 2);
  last.set(order.subarray(half));
  last.set(coming, half);
  return { first: order.slice().sort(), leaving: order.slice(0, half), coming, last };
}

function build(data: Vectors, rows: Uint32Array, kind: OwnOptions): OwnIndex {
  const index = emptyIndex(data.dim, kind);
  index.putSync(rows, gather(data.rows, data.dim, rows), { threads: availableParallelism() });
  return index;
}

/** Recall@10 at each efSearch. A row that should not be there ends the bench. */
function recalls(index: OwnIndex, data: Vectors, rows: Uint32Array): Record<string, number> {
  const truth = new Truth(data.queries, gather(data.rows, data.dim, rows), data.dim, GRAPH.k);
  const place = new Map(Array.from(rows, (row, i): [number, number] => [row, i]));
  if (index.size !== rows.length) throw new Error(`The index holds ${index.size} rows, and should hold ${rows.length}.`);
  const queries = vectorsOf(data.queries, data.dim);
  return Object.fromEntries(
    EF_SEARCH.map((efSearch) => {
      const recall = truth.recall((query) =>
        index.searchSync(at(queries, query), { k: GRAPH.k, index: 'graph', efSearch }).ids.map((id) => {
          const found = place.get(id);
          if (found === undefined) throw new Error(`Row ${id} was found, and is not in the index.`);
          return found;
        }),
      );
      return [efSearch, Number(recall.toFixed(4))];
    }),
  );
}

/** Milliseconds of one search each, and what came of it. */
class Searcher {
  readonly millis: number[] = [];
  readonly #index: OwnIndex;
  readonly #queries: Float32Array[];

  constructor(index: OwnIndex, data: Vectors) {
    this.#index = index;
    this.#queries = vectorsOf(data.queries, data.dim);
  }

  once(mayBeFound: (row: number) => boolean): void {
    const query = at(this.#queries, this.millis.length % this.#queries.length);
    const start = performance.now();
    const { ids } = this.#index.searchSync(query, { k: GRAPH.k, index: 'graph', efSearch: TIMED_EF });
    this.millis.push(performance.now() - start);
    const wrong = ids.find((id) => !mayBeFound(id));
    if (wrong !== undefined) throw new Error(`Row ${wrong} was found, and had been removed or never put.`);
  }

  report(seconds: number): Report {
    const sorted = [...this.millis].sort((a, b) => a - b);
    const micros = (share: number): number => rounded(percentile(sorted, share) * 1000);
    return { searches: sorted.length, queriesPerSecond: rounded(sorted.length / seconds), p50Micros: micros(0.5), p99Micros: micros(0.99) };
  }
}

/** Removes and puts step by step; one thread writes, this one searches for as long as it does. */
async function churn(index: OwnIndex, data: Vectors, { first, leaving, coming }: Plan, step: number, log: Log): Promise<Report> {
  const live = new Set(first);
  const searcher = new Searcher(index, data);
  let seconds = 0;
  let next = 0.25;
  for (let from = 0; from < leaving.length; from += step) {
    const out = leaving.slice(from, from + step);
    const into = coming.slice(from, from + step);
    const vectors = gather(data.rows, data.dim, into);
    for (const row of into) live.add(row);
    let writing = true;
    const start = performance.now();
    const written = (async () => {
      await index.remove(out);
      await index.put(into, vectors, { threads: 1 });
    })().finally(() => {
      writing = false;
    });
    try {
      while (writing) {
        searcher.once((row) => live.has(row));
        await nextTurn();
      }
    } finally {
      await written;
    }
    seconds += (performance.now() - start) / 1000;
    for (const row of out) live.delete(row);
    if (from + step >= next * leaving.length) {
      log(`  ${Math.min(from + step, leaving.length)} rows replaced in ${seconds.toFixed(1)} s`);
      next += 0.25;
    }
  }
  return { replacedPerSecond: rounded(leaving.length / seconds), writing: searcher.report(seconds) };
}

async function quiet(index: OwnIndex, data: Vectors, rows: Uint32Array): Promise<Report> {
  const live = new Set(rows);
  const searcher = new Searcher(index, data);
  const start = performance.now();
  for (let i = 0; i < QUIET_SEARCHES; i++) {
    searcher.once((row) => live.has(row));
    await nextTurn();
  }
  return searcher.report((performance.now() - start) / 1000);
}

function memory({ stats }: OwnIndex): Report {
  return { bytes: stats.bytes, bytesPerRow: rounded(stats.bytes / stats.items), reusable: stats.reusable };
}

export async function run(log: Log, given: Given): Promise<Report> {
  installPeers(log);
  const data = loadGlove(given.number('rows'), log);
  const kind = ownOptions(given);
  const step = given.number('step');
  const rows = plan(data.count);
  log(`building with ${rows.first.length} rows ...`);
  const index = build(data, rows.first, kind);
  const before = { recall: recalls(index, data, rows.first), memory: memory(index), quiet: await quiet(index, data, rows.first) };
  log('replacing half of them ...');
  const during = await churn(index, data, rows, step, log);
  const after = { recall: recalls(index, data, rows.last), memory: memory(index), quiet: await quiet(index, data, rows.last) };
  index.close();
  log('building the same afresh ...');
  const other = build(data, rows.last, kind);
  const fresh = { recall: recalls(other, data, rows.last), memory: memory(other), quiet: await quiet(other, data, rows.last) };
  other.close();
  const lost = Object.entries(fresh.recall).map(([ef, recall]): [string, number] => [
    ef,
    rounded((recall - (after.recall[ef] ?? 0)) * 100),
  ]);
  return {
    /** Percentage points of recall@10 under a fresh build, by efSearch. */
    pointsLost: Object.fromEntries(lost),
    before,
    during,
    after,
    fresh,
    sizes: {
      rows: rows.first.length,
      replaced: rows.leaving.length,
      step,
      dim: data.dim,
      queries: data.queries.length / data.dim,
      ...GRAPH,
      timedEfSearch: TIMED_EF,
      ...kind,
    },
    machine: machine([]),
  };
}
