/** Pairs of somebody and something offered to them, with what was known beforehand: what models of probability learn from. */

/** Rows are pairs. */
export interface Pairs {
  /** Names of the columns. */
  columns: readonly string[];
  /** pairs x columns, row-major; NaN where a value is missing. Not standardised: that is the model's to do. */
  values: Float32Array;
  /** 1 where it was taken. */
  labels: Uint8Array;
  /** What was offered (a campaign): pairs of one group compete with each other. */
  groups: Uint32Array;
  /** When it was offered, in milliseconds since 1970; the same for a group. */
  times: Float64Array;
  /** From when on it is known whether it was taken. */
  known: Float64Array;
}

export interface FitOptions {
  seed: number;
  threads: number;
  /** Seconds that it may take. */
  budget: number;
  signal?: AbortSignal | undefined;
}

/** The probability of a 1 for each of some pairs, whose columns are those of training. */
export type Probability = (pairs: Pairs) => Float32Array;

/** A model of probabilities: it chooses what it has to choose on the pairs it is given, and looks at no others. */
export type FitProbability = (train: Pairs, options: FitOptions) => Promise<Probability>;

/** Some of the pairs, in the order of `rows`. */
export function takePairs(pairs: Pairs, rows: ArrayLike<number>): Pairs {
  const width = pairs.columns.length;
  const values = new Float32Array(rows.length * width);
  const taken = Uint32Array.from(rows);
  for (const [place, row] of taken.entries()) values.set(pairs.values.subarray(row * width, (row + 1) * width), place * width);
  return {
    columns: pairs.columns,
    values,
    labels: Uint8Array.from(taken, (row) => pairs.labels[row] ?? 0),
    groups: Uint32Array.from(taken, (row) => pairs.groups[row] ?? 0),
    times: Float64Array.from(taken, (row) => pairs.times[row] ?? 0),
    known: Float64Array.from(taken, (row) => pairs.known[row] ?? 0),
  };
}
