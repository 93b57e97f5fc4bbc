/** A hundred thousand, a million and ten million rows: how building, memory and searching grow, and how soon a file answers. */

import { rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { VectorIndex } from '../src/vector/index.js';
import { graphOf } from './peers/graphs.js';
import { cachePath } from './support/cache.js';
import { Clusters, unitLength } from './support/clusters.js';
import { curveReport, INTERPOLATION } from './support/curve.js';
import { machine } from './support/machine.js';
import { at, vectorsOf } from './support/matrix.js';
import { cpuMillis, median, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import { emptyIndex, GRAPH, type OwnIndex, type OwnOptions } from './support/own.js';
import { dropPageCache } from './support/pagecache.js';
import type { Log, Report } from './support/question.js';
import { race } from './support/race.js';
import { StreamedTruth } from './support/streamed-truth.js';

export const question =
  '100 thousand, 1 and 10 million clustered rows x 64, bf16 with int8 codes: how do building, memory and searching grow?';

export const options: BenchOptions = {
  sizes: { default: '100000,1000000,10000000', help: 'rows, ascending; those that do not fit in memory are skipped' },
  rounds: { default: 5, help: 'rounds of turns' },
};

const DIM = 64;
const QUERIES = 200;
const KIND: OwnOptions = { storage: 'bf16', codes: 'int8' };
const CLUSTERS = { dim: DIM, clusters: 100, spread: 0.7, seed: 9 };
const TARGET = 0.95;
/** Rows made and put at a time. */
const BLOCK = 1_000_000;
/** What a row may take at the worst moment of building, twice the goal for a row at rest and some; and a block of f32 rows beside it. */
const PEAK_BYTES = 1000;
/** Files are opened for sizes up to this. */
const OPENED = 1_000_000;
const OPENINGS = 5;

interface Size {
  rows: number;
  buildSeconds: number;
  bytes: number;
  /** Of one query on one thread, at the recall; NaN where it is not reached. */
  micros: number;
  report: Report;
}

function build(rows: number, threads: number, log: Log): { index: OwnIndex; truth: StreamedTruth; wall: number; cpu: number } {
  const clusters = new Clusters(CLUSTERS);
  const truth = new StreamedTruth(unitLength(clusters.take(QUERIES), DIM), DIM, GRAPH.k);
  const index = emptyIndex(DIM, KIND);
  let [wall, cpu] = [0, 0];
  for (let from = 0; from < rows; from += BLOCK) {
    const count = Math.min(BLOCK, rows - from);
    const vectors = unitLength(clusters.take(count), DIM);
    const ids = Uint32Array.from({ length: count }, (_, i) => from + i);
    const [wallStart, cpuStart] = [performance.now(), cpuMillis()];
    index.putSync(ids, vectors, { threads });
    wall += (performance.now() - wallStart) / 1000;
    cpu += (cpuMillis() - cpuStart) / 1000;
    truth.add(vectors, from);
    log(`  ${from + count} rows in ${wall.toFixed(1)} s`);
  }
  return { index, truth, wall, cpu };
}

/** From the call of open to the first answer, the file not in memory; the answer must be what the index in memory gave. */
async function openings(index: OwnIndex, truth: StreamedTruth): Promise<Report> {
  const path = cachePath(`scale-${process.pid}.index`);
  const queries = vectorsOf(truth.vectors, DIM);
  const expected = Array.from({ length: OPENINGS }, (_, i) => index.searchSync(at(queries, i), { k: GRAPH.k }).ids.join(' '));
  try {
    const saving = performance.now();
    await index.save(path);
    const saved = performance.now() - saving;
    const times: { open: number; first: number }[] = [];
    let [dropped, answeredBy] = ['', ''];
    for (let i = 0; i < OPENINGS; i++) {
      dropped = dropPageCache(path);
      const start = performance.now();
      const opened = await VectorIndex.open(path);
      const open = performance.now() - start;
      const result = opened.searchSync(at(queries, i), { k: GRAPH.k });
      times.push({ open, first: performance.now() - start });
      answeredBy = result.index;
      opened.close();
      if (result.ids.join(' ') !== expected[i]) throw new Error('The opened file answers otherwise than the index that was saved.');
    }
    const first = times.map((time) => time.first);
    return {
      firstAnswerMillis: rounded(median(first)),
      slowestMillis: rounded(Math.max(...first)),
      openMillis: rounded(median(times.map(({ open }) => open))),
      answeredBy,
      pageCache: dropped,
      openings: OPENINGS,
      saveMillis: rounded(saved),
      fileBytes: statSync(path).size,
    };
  } finally {
    rmSync(path, { force: true });
  }
}

async function measure(rows: number, threads: number, rounds: number, log: Log): Promise<Size> {
  const { index, truth, wall, cpu } = build(rows, threads, log);
  try {
    const vectors = vectorsOf(truth.vectors, DIM);
    const exact = index.searchBatchSync(truth.vectors, { k: GRAPH.k, index: 'exact', threads });
    const exactRecall = truth.recall((query) => at(exact, query).ids);
    const contender = graphOf(index, truth.vectors, DIM, wall);
    const ran = race([contender], truth, { targets: [TARGET], rounds, beside: {} }, log);
    const speeds = ran.at(contender.name, TARGET);
    const { bytes, bytesPerRow } = index.stats;
    const chosen = index.searchSync(at(vectors, 0), { k: GRAPH.k }).index;
    return {
      rows,
      buildSeconds: wall,
      bytes,
      micros: speeds ? 1e6 / median(speeds) : Number.NaN,
      report: {
        rows,
        buildSeconds: rounded(wall),
        buildCpuSeconds: rounded(cpu),
        bytesPerRow: rounded(bytesPerRow),
        [`queriesPerSecond@${TARGET}`]: speeds && rounded(median(speeds)),
        exactRecall: Number(exactRecall.toFixed(4)),
        autoTakes: chosen,
        curve: curveReport(ran.curves.get(contender.name) ?? []),
        ...(rows <= OPENED && { opening: await openings(index, truth) }),
      },
    };
  } finally {
    index.close();
  }
}

/** By how much something grows when the rows grow by one e-fold: 1 is in proportion. */
function exponents(sizes: readonly Size[]): Report[] {
  return sizes.slice(1).map((to, i) => {
    const from = at(sizes, i);
    const exponent = (pick: (size: Size) => number): number | null => {
      const value = Math.log(pick(to) / pick(from)) / Math.log(to.rows / from.rows);
      return Number.isNaN(value) ? null : rounded(value);
    };
    return {
      from: from.rows,
      to: to.rows,
      build: exponent(({ buildSeconds }) => buildSeconds),
      bytes: exponent(({ bytes }) => bytes),
      query: exponent(({ micros }) => micros),
    };
  });
}

function sizesOf(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (sizes.some((size) => !(Number.isSafeInteger(size) && size > GRAPH.k)))
    throw new Error(`--sizes: expected whole numbers above ${GRAPH.k} with commas between, got "${text}".`);
  return sizes.sort((a, b) => a - b);
}

export async function run(log: Log, given: Given): Promise<Report> {
  const threads = availableParallelism();
  const rounds = given.number('rounds');
  const done: Size[] = [];
  const skipped: Report[] = [];
  for (const rows of sizesOf(given.text('sizes'))) {
    const [needed, free] = [rows * PEAK_BYTES + BLOCK * DIM * 8, process.availableMemory()];
    if (needed > free) {
      const reason = `${(needed / 2 ** 30).toFixed(1)} GiB may be needed and ${(free / 2 ** 30).toFixed(1)} GiB are free`;
      log(`${rows} rows are skipped: ${reason}`);
      skipped.push({ rows, reason });
      continue;
    }
    log(`building with ${rows} rows, ${threads} threads ...`);
    done.push(await measure(rows, threads, rounds, log));
  }
  return {
    scales: done.map(({ report }) => report),
    growth: exponents(done),
    skipped,
    interpolated: INTERPOLATION,
    sizes: { dim: DIM, queries: QUERIES, ...GRAPH, ...KIND, buildThreads: threads, searchThreads: 1, rounds, clusters: CLUSTERS.clusters },
    machine: machine([]),
  };
}
