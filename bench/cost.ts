/** What exact and graph searches cost over sizes, filters and batches, beside what index: 'auto' took and what it lost by that. */

import { availableParallelism } from 'node:os';
import type { Selection } from '../src/vector/index.js';
import { subsetOf } from './support/eligible.js';
import { DIM, loadGlove, ROWS, type Vectors } from './support/glove.js';
import { machine } from './support/machine.js';
import { at, gather } from './support/matrix.js';
import { median, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import { GRAPH, makeIndex, OWN_OPTIONS, type OwnIndex, type OwnResult, ownOptions } from './support/own.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { Truth } from './support/truth.js';
import { byTurns, type Search } from './support/turns.js';

export const question =
  "1,000 to 340,479 words, filters of .1 % to 100 %, 1 to 128 queries a call: does index: 'auto' take the cheaper way?";

export const options: BenchOptions = {
  rows: { default: ROWS, help: 'rows at most, for trials' },
  rounds: { default: 3, help: 'rounds of turns' },
  ...OWN_OPTIONS,
};

const SIZES = [1000, 10_000, 100_000];
const SELECTIVITIES = [1, 0.1, 0.01, 0.001];
const BATCHES = [1, 8, 32, 128];
const QUERIES = 128;
const MODES = ['auto', 'exact', 'graph'] as const;

type Ask = (call: number) => OwnResult[];

/** One call asks `batch` queries: searchSync for one, searchBatchSync on one thread for more. */
function asker(index: OwnIndex, data: Vectors, batch: number, mode: (typeof MODES)[number], filter: Selection | undefined): Ask {
  const options = { k: GRAPH.k, index: mode, ...(filter && { filter }) };
  const calls = Array.from({ length: QUERIES / batch }, (_, i) => data.queries.subarray(i * batch * data.dim, (i + 1) * batch * data.dim));
  if (batch === 1) return (call) => [index.searchSync(at(calls, call), options)];
  return (call) => index.searchBatchSync(at(calls, call), { ...options, threads: 1 });
}

function answers(ask: Ask, batch: number): OwnResult[] {
  return Array.from({ length: QUERIES / batch }, (_, call) => ask(call)).flat();
}

interface Cell {
  rows: number;
  selectivity: number;
  batch: number;
  /** Microseconds a query. */
  micros: { auto: number; exact: number; graph: number };
  graphRecall: number;
  /** What auto took, for most queries. */
  auto: 'exact' | 'graph';
  best: 'exact' | 'graph';
  /** How much longer the way it took is than the best, by the forced times of both: 0 is none. */
  regret: number;
}

function measure(index: OwnIndex, data: Vectors, selectivity: number, rounds: number, log: Log): Cell[] {
  const subset = subsetOf(data, 'random', selectivity, QUERIES);
  const filter = selectivity === 1 ? undefined : index.select(subset.rows);
  const place = new Map(Array.from(subset.rows, (row, i): [number, number] => [row, i]));
  const truth = new Truth(subset.queries, gather(data.rows, data.dim, subset.rows), data.dim, GRAPH.k);
  const cells = BATCHES.map((batch): Cell => {
    const asks = MODES.map((mode) => asker(index, data, batch, mode, filter));
    const found = answers(at(asks, 2), batch);
    const byGraph = answers(at(asks, 0), batch).filter((result) => result.index === 'graph').length;
    const searches = asks.map((ask): Search => ({ ask, asks: QUERIES / batch, queries: QUERIES }));
    const [auto = 0, exact = 0, graph = 0] = byTurns(searches, rounds).map((speeds) => 1e6 / median(speeds));
    const cell: Cell = {
      rows: data.count,
      selectivity,
      batch,
      micros: { auto: rounded(auto), exact: rounded(exact), graph: rounded(graph) },
      graphRecall: Number(truth.recall((query) => at(found, query).ids.map((id) => place.get(id) ?? -1)).toFixed(3)),
      auto: byGraph * 2 > QUERIES ? 'graph' : 'exact',
      best: graph < exact ? 'graph' : 'exact',
      regret: 0,
    };
    cell.regret = rounded((cell.auto === 'graph' ? graph : exact) / Math.min(graph, exact) - 1);
    log(line(cell));
    return cell;
  });
  filter?.close();
  return cells;
}

function line({ rows, selectivity, batch, micros, graphRecall, auto, best, regret }: Cell): string {
  const column = (value: number | string, width: number): string => String(value).padStart(width);
  const share = `${(regret * 100).toFixed(0)} %`;
  return [
    [rows, 8],
    [selectivity, 7],
    [batch, 6],
    [micros.exact, 9],
    [micros.graph, 9],
    [graphRecall, 7],
    [micros.auto, 9],
    [auto, 7],
    [best, 7],
    [share, 7],
  ]
    .map(([value = '', width = 0]) => column(value, Number(width)))
    .join('');
}

const HEADINGS = '    rows   share batch    exact    graph recall     auto  taken   best regret   (microseconds a query)';

export async function run(log: Log, given: Given): Promise<Report> {
  installPeers(log);
  const most = given.number('rows');
  const rounds = given.number('rounds');
  const kind = ownOptions(given);
  const cells: Cell[] = [];
  for (const size of [...SIZES.filter((rows) => rows < most), most]) {
    const data = loadGlove(size, log);
    log(`building with ${data.count} rows ...`);
    const { index } = makeIndex(data, { ...kind, threads: availableParallelism() });
    log(HEADINGS);
    try {
      for (const selectivity of SELECTIVITIES) cells.push(...measure(index, data, selectivity, rounds, log));
    } finally {
      index.close();
    }
  }
  const regrets = cells.map(({ regret }) => regret);
  return {
    regret: {
      mean: rounded(regrets.reduce((sum, regret) => sum + regret, 0) / regrets.length),
      median: median(regrets),
      worst: Math.max(...regrets),
      choseTheBest: rounded(cells.filter(({ auto, best }) => auto === best).length / cells.length),
    },
    cells: cells.map((cell) => ({ ...cell })),
    sizes: { dim: DIM, queries: QUERIES, ...GRAPH, threads: 1, rounds, ...kind },
    machine: machine([]),
  };
}
