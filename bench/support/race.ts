/** Graph indexes against each other at equal recall: which settings matter, and their speeds by turns. */

import type { GraphContender } from '../peers/graphs.js';
import { type CurvePoint, crossing, LADDER, qpsAt } from './curve.js';
import { median } from './measure.js';
import type { Log } from './question.js';
import type { Truth } from './truth.js';
import { passQps, type Search } from './turns.js';

/** Settings beyond this recall answer no question. */
const ENOUGH = 0.995;
/** Rounds in which every setting is timed; in the others, those on both sides of a target. */
const WHOLE_ROUNDS = 3;

interface Found {
  setting: number;
  recall: number;
}

/** Who knows how much of what is true a search finds. */
export type Judge = Pick<Truth, 'recall' | 'queries'>;

export interface Race {
  /** By contender, in order of settings; the speed is the median over the rounds. */
  curves: Map<string, CurvePoint[]>;
  /** Queries per second in each round, of a contender at a recall; null where it is never reached. */
  at(name: string, recall: number): number[] | null;
  /** Queries per second in each round, of a search beside the graphs. */
  beside(name: string): number[];
}

export interface RaceOptions {
  targets: readonly number[];
  rounds: number;
  /** Searches that have no setting, timed in every round. */
  beside: Readonly<Record<string, Search>>;
}

function recalls(contender: GraphContender, truth: Judge, log: Log): Found[] {
  const found: Found[] = [];
  for (const setting of LADDER) {
    contender.prepare(setting);
    const recall = truth.recall((query) => contender.found(query));
    found.push({ setting, recall });
    if (recall >= ENOUGH) break;
  }
  log(`  ${contender.name}: recall ${found.map(({ setting, recall }) => `${recall.toFixed(3)} (${setting})`).join(', ')}`);
  return found;
}

/** The settings just below and at each target. */
function around(found: readonly Found[], targets: readonly number[]): Set<number> {
  return new Set(
    targets.flatMap((target) => {
      const between = crossing(found, target);
      return between ? [between.lower, between.upper] : [];
    }),
  );
}

export function race(contenders: readonly GraphContender[], truth: Judge, options: RaceOptions, log: Log): Race {
  const { targets, rounds, beside } = options;
  const found = new Map(contenders.map((contender) => [contender.name, recalls(contender, truth, log)]));
  const speeds = new Map<string, number[]>();
  const time = (key: string, search: Search): void => {
    const known = speeds.get(key) ?? [];
    known.push(passQps(search));
    speeds.set(key, known);
  };
  const timeSetting = (contender: GraphContender, setting: number): void =>
    time(`${contender.name} ${setting}`, {
      prepare: () => contender.prepare(setting),
      ask: (query) => contender.ask(query),
      asks: truth.queries,
    });

  for (let round = 0; round < rounds; round++) {
    log(`  round ${round + 1} of ${rounds}`);
    const order = contenders.map((_, turn) => contenders[(round + turn) % contenders.length]).filter((value) => value !== undefined);
    const timed = new Set<string>();
    // Those that are divided by each other stand next to each other.
    for (const target of targets) {
      for (const contender of order) {
        for (const setting of around(found.get(contender.name) ?? [], [target])) {
          if (timed.has(`${contender.name} ${setting}`)) continue;
          timed.add(`${contender.name} ${setting}`);
          timeSetting(contender, setting);
        }
      }
    }
    for (const [name, search] of Object.entries(beside)) time(name, search);
    if (round >= WHOLE_ROUNDS) continue;
    for (const setting of LADDER) {
      for (const contender of order) {
        const known = found.get(contender.name)?.some((point) => point.setting === setting);
        if (known && !timed.has(`${contender.name} ${setting}`)) timeSetting(contender, setting);
      }
    }
  }

  const inRound = (name: string, round: number, settings: ReadonlySet<number>): CurvePoint[] =>
    (found.get(name) ?? [])
      .filter(({ setting }) => settings.has(setting))
      .map((point) => ({ ...point, qps: speeds.get(`${name} ${point.setting}`)?.[round] ?? Number.NaN }));
  return {
    curves: new Map(
      [...found].map(([name, points]) => [
        name,
        points.map((point) => ({ ...point, qps: median(speeds.get(`${name} ${point.setting}`) ?? []) })),
      ]),
    ),
    at: (name, recall) => {
      const settings = around(found.get(name) ?? [], targets);
      const each = Array.from({ length: rounds }, (_, round) => qpsAt(inRound(name, round, settings), recall));
      const known = each.filter((qps) => qps !== null);
      return known.length === each.length ? known : null;
    },
    beside: (name) => speeds.get(name) ?? [],
  };
}
