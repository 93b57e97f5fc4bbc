/** Guards for what is given on the command line, and options that several commands share. */

import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { integer, refuse } from '../options.js';

/** A parser of whole numbers for commander. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => integer(name, /^-?\d+$/.test(text) ? Number(text) : text, min, max);
}

/** A list of cut-offs such as 5,10,20. */
export function cutoffs(text: string): number[] {
  const ks = text.split(',').map((part) => wholeNumber('--k', 1, 10_000)(part.trim()));
  return [...new Set(ks)].sort((a, b) => a - b);
}

/** Milliseconds since 1970 of a date. */
export function date(name: string): (text: string) => number {
  return (text) => {
    const time = Date.parse(text);
    if (Number.isNaN(time)) refuse(name, 'a date such as 2010-11-09', text);
    return time;
  };
}

export const seedOption = (): Option =>
  new Option('--seed <n>', 'makes the run repeatable').default(1).argParser(wholeNumber('--seed', 0, 2 ** 32 - 1));

export const threadsOption = (): Option =>
  new Option('--threads <n>', 'threads to compute with').default(availableParallelism()).argParser(wholeNumber('--threads', 1, 1024));

export const jsonOption = (): Option => new Option('--json', 'print one JSON object and nothing else').default(false);
