/**
 * Compares ways to do the same work on one thread. Machines are shared and their speed drifts, so the ways take turns: each
 * round times every one of them, in an order that rotates, and a ratio is taken within a round. The median over the rounds
 * is reported. The clock is the CPU time of the process: what other processes take does not count, which would otherwise
 * favour whatever is short enough to finish between two interruptions. On an idle machine it is the time on the wall.
 */

import { Bench } from 'tinybench';

/** One way to do the work. */
export interface Contender {
  name: string;
  /** Does all of it once. A promise is awaited inside the timed window. */
  call(): unknown;
}

export interface Comparison {
  /** Median over the rounds of a round's median, in microseconds, by name. */
  micros: Record<string, number>;
  /** Median over the rounds of other / first, by the other's name. */
  ratios: Record<string, number>;
}

export interface MeasureOptions {
  /** Default: 9. */
  rounds?: number;
  /** Milliseconds a contender gets in a round. Default: 150. */
  time?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('The median of nothing.');
  return (lower + upper) / 2;
}

/** Of values in ascending order. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Milliseconds of CPU time; Windows counts them too coarsely, and gets the wall's. */
export function cpuMillis(): number {
  if (process.platform === 'win32') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The median of one contender in one round, in microseconds. */
async function timeOnce(contender: Contender, time: number): Promise<number> {
  const bench = new Bench({ time, iterations: 5, warmup: false, retainSamples: true, now: cpuMillis });
  bench.add(contender.name, () => contender.call());
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state === 'errored') throw result.error;
  if (result?.state !== 'completed') throw new Error(`${contender.name} was not timed.`);
  return result.latency.p50 * 1000;
}

/** Three significant digits: no bench is repeatable to more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Times the first contender against each of the others. */
export async function compare(contenders: readonly Contender[], options: MeasureOptions = {}): Promise<Comparison> {
  const { rounds = 9, time = 150 } = options;
  const [first] = contenders;
  if (!first) throw new Error('Nobody to compare.');
  for (const contender of contenders) await timeOnce(contender, time);
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length];
      if (contender) times.get(contender.name)?.push(await timeOnce(contender, time));
    }
  }
  const own = times.get(first.name) ?? [];
  const micros: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const [name, values] of times) {
    micros[name] = rounded(median(values));
    if (name !== first.name) ratios[name] = rounded(median(values.map((value, round) => value / (own[round] ?? Number.NaN))));
  }
  return { micros, ratios };
}
