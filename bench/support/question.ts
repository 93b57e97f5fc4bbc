/** What a bench is: one question, its answer in numbers, and where progress goes meanwhile. */

import type { BenchOptions, Given } from './options.js';

/** A JSON value without surprises: what a bench reports. */
export type Report = { [name: string]: string | number | boolean | null | Report | Report[] };

/** Where a bench says what it is doing; never stdout, which carries the answer. */
export type Log = (line: string) => void;

export interface Question {
  /** One line for the list of benches. */
  question: string;
  /** What it takes beside --json. */
  options?: BenchOptions;
  run: (log: Log, given: Given) => Promise<Report>;
}
