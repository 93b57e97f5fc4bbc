/** Approximate indexes over the same rows, each built on one thread and asked one query a call. */

import { rmSync } from 'node:fs';
import { cachePath } from '../support/cache.js';
import type { Vectors } from '../support/glove.js';
import { at, vectorsOf } from '../support/matrix.js';
import { cpuMillis } from '../support/measure.js';
import { GRAPH, makeIndex, type OwnIndex, type OwnOptions } from '../support/own.js';
import type { Log } from '../support/question.js';

export interface GraphContender {
  name: string;
  /** Seconds of CPU time on one thread. */
  buildSeconds: number;
  /** Searches from here on keep so many candidates. Not timed. */
  prepare(ef: number): void;
  /** One query, as its users would call it. */
  ask(query: number): unknown;
  /** The positions of the rows found, best first. */
  found(query: number): ArrayLike<number>;
  close(): void;
}

/** Rows that a peer is given between two lines of progress. */
const CHUNK = 10_000;

/** Adds all rows chunk by chunk, counts the CPU time of `add` alone, and says where it is. */
function timedBuild<T>(name: string, count: number, log: Log, chunk: (from: number, to: number) => T, add: (chunk: T) => void): number {
  let millis = 0;
  let next = 0.25;
  for (let from = 0; from < count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK);
    const rows = chunk(from, to);
    const start = cpuMillis();
    add(rows);
    millis += cpuMillis() - start;
    if (to >= next * count) {
      log(`  ${name}: ${to} rows in ${(millis / 1000).toFixed(1)} s`);
      next = Math.floor((to / count) * 4 + 1) / 4;
    }
  }
  return millis / 1000;
}

export interface OwnContender extends GraphContender {
  index: OwnIndex;
}

/** Our index, with the graph forced. */
export function graphOf(index: OwnIndex, queries: Float32Array, dim: number, buildSeconds: number): OwnContender {
  const { k } = GRAPH;
  const asked = vectorsOf(queries, dim);
  let efSearch = 0;
  const search = (query: number) => index.searchSync(at(asked, query), { k, index: 'graph', efSearch });
  return {
    name: 'kairank',
    buildSeconds,
    index,
    prepare: (ef) => {
      efSearch = ef;
    },
    ask: search,
    found: (query) => search(query).ids,
    close: () => index.close(),
  };
}

export function ownGraph(data: Vectors, options: OwnOptions, log: Log): OwnContender {
  const { index, cpuSeconds } = makeIndex(data, { ...options, threads: 1 });
  log(`  kairank: ${data.count} rows in ${cpuSeconds.toFixed(1)} s`);
  return graphOf(index, data.queries, data.dim, cpuSeconds);
}

/** hnswlib-node takes plain arrays: they are made beforehand. Rows are of unit length, so its cheapest space is 'ip'. */
export async function hnswlibGraph({ dim, queries, rows, count }: Vectors, log: Log): Promise<GraphContender> {
  const { default: hnswlib } = await import('hnswlib-node');
  const { m, efConstruction, k } = GRAPH;
  const index = new hnswlib.HierarchicalNSW('ip', dim);
  index.initIndex(count, m, efConstruction);
  const buildSeconds = timedBuild(
    'hnswlib-node',
    count,
    log,
    (from, to) => ({ from, points: vectorsOf(rows.subarray(from * dim, to * dim), dim).map((row) => Array.from(row)) }),
    ({ from, points }) => {
      for (let i = 0; i < points.length; i++) index.addPoint(at(points, i), from + i);
    },
  );
  const asked = vectorsOf(queries, dim).map((query) => Array.from(query));
  return {
    name: 'hnswlib-node',
    buildSeconds,
    prepare: (ef) => index.setEf(ef),
    ask: (query) => index.searchKnn(at(asked, query), k),
    found: (query) => index.searchKnn(at(asked, query), k).neighbors,
    close: () => undefined,
  };
}

/** usearch takes its search expansion when it is made, so every setting is another object that loads the same file. */
export async function usearchGraph({ dim, queries, rows, count }: Vectors, log: Log): Promise<GraphContender> {
  const { Index } = await import('usearch');
  const { m, efConstruction, k } = GRAPH;
  const file = cachePath(`usearch-${process.pid}.index`);
  const make = (expansion: number) =>
    new Index({
      dimensions: dim,
      metric: 'ip',
      quantization: 'f32',
      connectivity: m,
      expansion_add: efConstruction,
      expansion_search: expansion,
      multi: false,
    });
  let index = make(k);
  const buildSeconds = timedBuild(
    'usearch',
    count,
    log,
    (from, to) => ({
      keys: BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i)),
      vectors: rows.subarray(from * dim, to * dim),
    }),
    ({ keys, vectors }) => index.add(keys, vectors, 1),
  );
  index.save(file);
  const asked = vectorsOf(queries, dim);
  let prepared = 0;
  return {
    name: 'usearch-f32',
    buildSeconds,
    prepare: (ef) => {
      if (ef === prepared) return;
      index = make(ef);
      index.load(file);
      prepared = ef;
    },
    ask: (query) => index.search(at(asked, query), k, 1),
    found: (query) => Array.from(index.search(at(asked, query), k, 1).keys, Number),
    close: () => rmSync(file, { force: true }),
  };
}
