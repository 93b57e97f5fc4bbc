/** Times searches by turns: a round asks every search all its queries, in an order that rotates (see measure.ts for the clock). */

import { cpuMillis, median } from './measure.js';

/** One way to search with one setting. */
export interface Search {
  /** Gets ready; not timed. */
  prepare?(): void;
  /** Asks one query, or one batch of them. */
  ask(query: number): unknown;
  /** How often `ask` is called in a round, with 0, 1, 2, ... */
  asks: number;
  /** Queries that one ask answers, over all asks. Default: asks. */
  queries?: number;
}

/** Shorter than this, the clock's own steps would show. */
const LEAST_MILLIS = 40;

/** Queries per second of a pass over the queries, or of as many as the clock needs. */
export function passQps(search: Search): number {
  search.prepare?.();
  // Caches, branch predictors and V8 get to know the code and the index; a tenth of the queries, since slow searches are many.
  for (let q = 0; q < search.asks; q += 10) search.ask(q);
  const start = cpuMillis();
  let [millis, passes] = [0, 0];
  while (millis < LEAST_MILLIS) {
    for (let q = 0; q < search.asks; q++) search.ask(q);
    millis = cpuMillis() - start;
    passes++;
  }
  return ((passes * (search.queries ?? search.asks)) / millis) * 1000;
}

/** By search, its queries per second in each round. */
export function byTurns(searches: readonly Search[], rounds: number): number[][] {
  const speeds: number[][] = searches.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < searches.length; turn++) {
      const at = (round + turn) % searches.length;
      const search = searches[at];
      if (search) speeds[at]?.push(passQps(search));
    }
  }
  return speeds;
}

/** Median over the rounds of a quotient taken within each round. */
export function ratioOf(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] ?? Number.NaN)));
}
