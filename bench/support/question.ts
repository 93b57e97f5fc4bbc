/** What a bench is: one question, its answer in numbers, and where progress goes meanwhile. */

/** A JSON value without surprises: what a bench reports. */
export type Report = { [name: string]: string | number | boolean | null | Report | Report[] };

/** Where a bench says what it is doing; never stdout, which carries the answer. */
export type Log = (line: string) => void;

export interface Question {
  /** One line for the list of benches. */
  question: string;
  run: (log: Log) => Promise<Report>;
}
