/** Records of a file, as every reader gives them. */

/** A record's fields by name. Values are what the format holds: strings (CSV), JSON values, or Parquet's numbers, dates and strings. */
export type Fields = Readonly<Record<string, unknown>>;

/** One record that could be read. */
export interface ReadRecord {
  /** Line of the file (CSV, JSONL; the first is 1) or row (Parquet; the first is 1). */
  at: number;
  fields: Fields;
}

/** One record that could not: it is reported, and reading goes on. */
export interface BrokenRecord {
  at: number;
  /** Why, in a few stable words: records are counted by them. */
  problem: string;
  /** The record as it stands in the file, shortened. */
  text: string;
}

export type FileRecord = ReadRecord | BrokenRecord;

/** Formats that hold records. */
export const RECORD_FORMATS = ['jsonl', 'csv', 'parquet'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

export interface ReadOptions {
  /** Only these columns are wanted (Parquet reads no others; the rest of a line has to be read anyway). Default: all. */
  columns?: readonly string[];
  /** Stops the reading with KAIRANK_ABORTED. */
  signal?: AbortSignal | undefined;
}

/** A file being read. */
export interface RecordFile {
  readonly path: string;
  readonly format: RecordFormat;
  /** Names of the columns, where the format states them (CSV, Parquet). */
  readonly columns: readonly string[] | undefined;
  /** Share of the file that has been read, 0 to 1. */
  progress: () => number;
  /**
   * Every record once, in the order of the file, in batches.
   * @throws KairankError KAIRANK_CORRUPT_FILE when the file ends early or cannot be unpacked, KAIRANK_IO when it cannot be read,
   * KAIRANK_ABORTED.
   */
  batches(): AsyncGenerator<FileRecord[], void, void>;
}

/** How much of a broken record is kept for the report, in characters. */
export const MAX_SHOWN_TEXT = 2000;

export function broken(at: number, problem: string, text: string): BrokenRecord {
  return { at, problem, text: text.length > MAX_SHOWN_TEXT ? `${text.slice(0, MAX_SHOWN_TEXT)}…` : text };
}

/** An empty set of fields without a prototype: a column may have any name, `__proto__` too. */
export function emptyFields(): Record<string, unknown> {
  return { __proto__: null };
}
