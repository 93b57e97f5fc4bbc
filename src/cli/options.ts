/** Guards for what is given on the command line, and options that several commands share. */

import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { duration, integer, refuse } from '../options.js';

/** A parser of whole numbers for commander. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => integer(name, /^-?\d+$/.test(text) ? Number(text) : text, min, max);
}

/** A parser of lists such as a,b,c: every word once, in the order given. */
export function listOf<T>(name: string, parse: (word: string) => T): (text: string) => T[] {
  return (text) => {
    const words = text.split(',').map((word) => word.trim());
    if (words.includes('')) refuse(name, 'a list such as a,b', text);
    return [...new Set(words)].map(parse);
  };
}

/** A list of cut-offs such as 5,10,20. */
export function cutoffs(text: string): number[] {
  return listOf('--k', wholeNumber('--k', 1, 10_000))(text).sort((a, b) => a - b);
}

/** A parser of shares, 0 and 1 left out. */
export function share(name: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value < 1)) refuse(name, 'a share above 0 and below 1, such as 0.1', text);
    return value;
  };
}

/** Event types and what each counts, such as purchase=1,cart=0.5; a type by itself counts 1. */
export function goals(text: string): Record<string, number> {
  const pairs = listOf('--goal', (part) => {
    const [type = '', weight = '1', ...more] = part.split('=').map((word) => word.trim());
    const counts = weight === '' ? Number.NaN : Number(weight);
    if (type === '' || more.length > 0 || !(counts > 0))
      refuse('--goal', 'event types and weights above 0, such as purchase=1,cart=0.5', part);
    return [type, counts] as const;
  })(text);
  if (new Set(pairs.map(([type]) => type)).size < pairs.length) refuse('--goal', 'every event type once', text);
  return Object.fromEntries(pairs);
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

export const budgetOption = (): Option =>
  new Option('--budget <time>', 'what training may take, such as 90s, 10m or 1h; simple models come first')
    .default(600_000, '10m')
    .argParser((text) => duration('--budget', text));

export const jsonOption = (): Option => new Option('--json', 'print one JSON object and nothing else').default(false);
