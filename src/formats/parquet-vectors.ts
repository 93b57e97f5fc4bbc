/** Vectors in Parquet: a column of lists of numbers (fixed-size lists too), beside a column of ids. */

import { refuse } from '../options.js';
import { fileError } from './failures.js';
import { sliceRows } from './matrix.js';
import { parquetShape, readParquet } from './parquet.js';
import type { FileRecord } from './records.js';
import type { VectorFile, VectorOptions, VectorSlice } from './vectors.js';

/** Memory holds one row group's column as JavaScript numbers; beyond 1 GiB of them Node may run out of heap. */
const MAX_GROUP_NUMBERS = 1 << 27;

/** A list as Parquet gives it; undefined for anything else. */
function asList(value: unknown): ArrayLike<unknown> | undefined {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array ? value : undefined;
}

/** Fills a row; returns what is wrong with the value, in a few stable words. NaN and infinities pass: they are looked for later. */
function fill(row: Float32Array, value: unknown): string | undefined {
  if (value === null || value === undefined) return 'vector missing';
  const list = asList(value);
  if (!list) return 'no list of numbers';
  if (list.length !== row.length) return `not ${row.length} numbers`;
  for (let index = 0; index < row.length; index++) {
    const one = list[index];
    if (typeof one !== 'number' && typeof one !== 'bigint') {
      row.fill(0);
      return one === null || one === undefined ? 'a number is missing' : 'no list of numbers';
    }
    row[index] = Number(one);
  }
  return undefined;
}

/**
 * Opens a Parquet file of vectors; reads on to the first vector, for its length. Memory holds one row group.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT (`idColumn`, `vectorColumn`: not there, or no lists of numbers),
 * KAIRANK_UNSUPPORTED_FORMAT (a row group of more than 2^27 numbers), KAIRANK_CORRUPT_FILE, KAIRANK_IO, KAIRANK_ABORTED
 */
export async function openParquetVectors(path: string, options: VectorOptions): Promise<VectorFile> {
  const { idColumn = 'id', vectorColumn = 'embedding', signal } = options;
  const { rows, columns, largest } = await parquetShape(path);
  for (const [field, column] of Object.entries({ idColumn, vectorColumn })) {
    if (!columns.includes(column)) refuse(field, `one of the file's columns (${columns.join(', ')})`, column);
  }
  const numbers = largest(vectorColumn);
  if (numbers > MAX_GROUP_NUMBERS) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `has a row group of ${numbers} numbers in ${vectorColumn}; write smaller ones`, {
      expected: `row groups of at most ${MAX_GROUP_NUMBERS} numbers`,
      received: `${numbers}`,
    });
  }
  const file = await readParquet(path, { columns: [idColumn, vectorColumn], signal });
  const batches = file.batches();
  // What was read in search of the first vector is given out with the rest.
  const read: FileRecord[][] = [];
  let dim = 0;
  while (dim === 0) {
    const { value: batch, done } = await batches.next();
    if (done || !batch) break;
    read.push(batch);
    dim = batch.map((record) => ('fields' in record ? (asList(record.fields[vectorColumn])?.length ?? 0) : 0)).find((n) => n > 0) ?? 0;
  }
  if (dim === 0) refuse('vectorColumn', 'a column of lists of numbers', vectorColumn);

  function* cut(batch: readonly FileRecord[]): Generator<VectorSlice, void, void> {
    const step = sliceRows(dim);
    for (let start = 0; start < batch.length; start += step) {
      const records = batch.slice(start, start + step);
      const values = new Float32Array(records.length * dim);
      const problems = new Map<number, string>();
      const ids = records.map((record, row) => {
        const fields = 'fields' in record ? record.fields : {};
        const problem = fill(values.subarray(row * dim, (row + 1) * dim), fields[vectorColumn]);
        if (problem !== undefined) problems.set(row, problem);
        return fields[idColumn];
      });
      yield { at: records[0]?.at ?? 1, values, ids, problems };
    }
  }
  async function* slices(): AsyncGenerator<VectorSlice, void, void> {
    for (let batch = read.shift(); batch !== undefined; batch = read.shift()) yield* cut(batch);
    for await (const batch of batches) yield* cut(batch);
  }
  return { path, format: 'parquet', dim, rows, notes: { shape: `${rows} × ${dim} (Parquet)` }, slices };
}
