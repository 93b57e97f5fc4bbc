/** Search within a part of the rows, from one in ten thousand to all of them: what is found, and at what cost. */

import { availableParallelism } from 'node:os';
import type { Selection } from '../src/vector/index.js';
import { dense, EVERY_SUBSET, type Subset, subsetOf } from './support/eligible.js';
import { loadGlove, ROWS, type Vectors } from './support/glove.js';
import { machine } from './support/machine.js';
import { at, gather, vectorsOf } from './support/matrix.js';
import { median, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import { GRAPH, makeIndex, OWN_OPTIONS, type OwnIndex, type OwnResult, ownOptions } from './support/own.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { Truth } from './support/truth.js';
import { byTurns, ratioOf, type Search } from './support/turns.js';

export const question =
  'a filter lets through .01 % to 100 % of 340,479 words, at random or by direction: what does a search find, and is it worth an exact one?';

export const options: BenchOptions = {
  rows: { default: ROWS, help: 'rows at most, for trials' },
  queries: { default: 200, help: 'queries a subset is asked' },
  rounds: { default: 5, help: 'rounds of turns' },
  ...OWN_OPTIONS,
};

const SELECTIVITIES = [0.0001, 0.001, 0.01, 0.1, 0.5, 1];
const MODES = ['auto', 'exact', 'graph'] as const;
/** Below this share a forced walk visits nearly all rows: it is looked at once, and not timed. */
const WALKED_SHARE = 0.01;

interface Mode {
  recall: number;
  /** Replies that say so themselves. */
  underfilled: number;
  /** Replies with fewer rows than there were to find. */
  short: number;
  byGraph: number;
}

/** Asks everything once; a row that is not eligible ends the bench. */
function examine(ask: (query: number) => OwnResult, eligible: Uint32Array, truth: Truth): Mode {
  const place = new Map(Array.from(eligible, (row, i): [number, number] => [row, i]));
  const mode: Mode = { recall: 0, underfilled: 0, short: 0, byGraph: 0 };
  mode.recall = truth.recall((query) => {
    const { ids, index, underfilled } = ask(query);
    if (underfilled) mode.underfilled++;
    if (ids.length < truth.k) mode.short++;
    if (index === 'graph') mode.byGraph++;
    return ids.map((id) => {
      const found = place.get(id);
      if (found === undefined) throw new Error(`Row ${id} was found, and the filter does not let it through.`);
      return found;
    });
  });
  return mode;
}

function measure(index: OwnIndex, data: Vectors, subset: Subset, filter: Selection, rounds: number) {
  const { dim, rows } = data;
  const { k } = GRAPH;
  const vectors = vectorsOf(subset.queries, dim);
  const eligible = gather(rows, dim, subset.rows);
  const truth = new Truth(subset.queries, eligible, dim, k);
  const asks = MODES.map((mode) => (query: number) => index.searchSync(at(vectors, query), { k, index: mode, filter }));
  const modes = asks.map((ask) => examine(ask, subset.rows, truth));
  const walked = subset.selectivity >= WALKED_SHARE ? asks : asks.filter((_, mode) => MODES[mode] !== 'graph');
  const searches: Search[] = [dense(eligible, vectors, k), ...walked].map((ask) => ({ ask, asks: vectors.length }));
  const [alone = [], auto = [], exact = [], graph] = byTurns(searches, rounds);
  const byMode = (pick: (mode: Mode) => number): Record<string, number> =>
    Object.fromEntries(MODES.map((name, i) => [name, pick(at(modes, i))]));
  return {
    selectivity: subset.selectivity,
    subset: subset.kind,
    eligible: subset.rows.length,
    recall: byMode(({ recall }) => Number(recall.toFixed(4))),
    queriesPerSecond: {
      auto: rounded(median(auto)),
      exact: rounded(median(exact)),
      graph: graph ? rounded(median(graph)) : null,
      dense: rounded(median(alone)),
    },
    ratios: { 'auto/exact': rounded(ratioOf(auto, exact)), 'auto/dense': rounded(ratioOf(auto, alone)) },
    byGraph: byMode((mode) => rounded(mode.byGraph / vectors.length)),
    underfilled: byMode(({ underfilled }) => underfilled),
    short: byMode(({ short }) => short),
  };
}

export async function run(log: Log, given: Given): Promise<Report> {
  installPeers(log);
  const data = loadGlove(given.number('rows'), log);
  const kind = ownOptions(given);
  const rounds = given.number('rounds');
  const asked = given.number('queries');
  log(`building with ${data.count} rows ...`);
  const { index } = makeIndex(data, { ...kind, threads: availableParallelism() });
  const subsets: Report[] = [];
  const ratios: Record<string, number> = {};
  try {
    for (const selectivity of SELECTIVITIES) {
      for (const which of selectivity === 1 ? [EVERY_SUBSET[0]] : EVERY_SUBSET) {
        const subset = subsetOf(data, which, selectivity, asked);
        log(`  ${which}, ${selectivity}: ${subset.rows.length} rows ...`);
        const filter = index.select(subset.rows);
        const report = measure(index, data, subset, filter, rounds);
        filter.close();
        subsets.push(report);
        ratios[`${which}@${selectivity}`] = report.ratios['auto/exact'];
      }
    }
  } finally {
    index.close();
  }
  return {
    ratios,
    subsets,
    sizes: { rows: data.count, dim: data.dim, queries: asked, ...GRAPH, threads: 1, rounds, ...kind },
    machine: machine([]),
  };
}
