/** Import of precomputed vectors: rows of a matrix, or lists of a Parquet column, onto items that are there, by id. */

import { KairankError } from '../errors.js';
import { readIds } from '../formats/ids.js';
import { openVectors, type VectorFile, type VectorOptions, type VectorSlice } from '../formats/vectors.js';
import { isId, refuse } from '../options.js';
import { asId, tooLong } from './adapters/adapter.js';
import type { ImportOptions, ImportReport } from './import.js';
import { Rejections } from './rejections.js';

/** The part of an engine that an import of vectors needs. */
export interface VectorTarget {
  items: {
    putVectors(
      field: string,
      ids: readonly string[],
      matrix: Float32Array,
      options: { missing: 'skip' },
    ): Promise<{ put: number; missing: string[] }>;
  };
}

/** A file of vectors with the ids of its rows, opened and checked to fit each other. */
export interface VectorSource {
  readonly file: VectorFile;
  /** null where the file itself has the ids (Parquet). */
  readonly ids: readonly unknown[] | null;
}

export interface VectorReport extends Omit<ImportReport, 'duplicates'> {
  /** Numbers of each vector. */
  dim: number;
  /** Rows whose id the catalogue does not have: left out, and no error. */
  unknown: number;
}

/** How many unknown ids the report shows. */
const SHOWN_UNKNOWN = 5;

/**
 * Opens a file of vectors, and the file of its ids where it has none itself.
 * @param idsPath one id a line, or a JSON array; required for npy and safetensors, refused for Parquet
 * @throws what {@link openVectors} and {@link readIds} throw; KAIRANK_INVALID_ARGUMENT (`ids`: missing, or not one for each row)
 */
export async function openVectorSource(path: string, idsPath: string | undefined, options: VectorOptions): Promise<VectorSource> {
  const file = await openVectors(path, options);
  if (file.format === 'parquet') {
    if (idsPath !== undefined) refuse('ids', 'none, as the ids are a column of the Parquet file', idsPath);
    return { file, ids: null };
  }
  if (idsPath === undefined) refuse('ids', `a file of ids, one for each row, as ${file.format} holds none`, 'none');
  const ids = await readIds(idsPath, options.signal);
  if (ids.length !== file.rows) refuse('ids', `${file.rows} ids in ${idsPath}, one for each row of ${path}`, ids.length);
  return { file, ids };
}

interface Row {
  at: number;
  /** As the file has it; undefined where it has none. */
  id: string | undefined;
}

/** A slice sorted out: what can be put, and what cannot. */
interface SortedSlice {
  rows: number;
  ids: string[];
  /** n × dim, a row for each id. */
  matrix: Float32Array;
  rejected: (Row & { reason: string })[];
}

/** Why a row cannot be used, in a few stable words; undefined when it can. */
function problemOf(id: string | undefined, vector: Float32Array, known: string | undefined, seen: ReadonlySet<string>): string | undefined {
  if (id === undefined) return 'id missing';
  if (tooLong(id)) return 'id too long';
  if (!isId(id)) return 'id not well-formed';
  if (seen.has(id)) return 'id given before';
  if (known !== undefined) return known;
  for (const value of vector) if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN in the vector' : 'infinite as 32-bit floats';
  return undefined;
}

function sortOut(slice: VectorSlice, ids: readonly unknown[] | null, dim: number, seen: Set<string>): SortedSlice {
  const rows = slice.values.length / dim;
  const sorted: SortedSlice = { rows, ids: [], matrix: new Float32Array(slice.values.length), rejected: [] };
  for (let row = 0; row < rows; row++) {
    const at = slice.at + row;
    const id = asId(slice.ids ? slice.ids[row] : ids?.[at - 1]);
    const vector = slice.values.subarray(row * dim, (row + 1) * dim);
    const reason = problemOf(id, vector, slice.problems.get(row), seen);
    if (id === undefined || reason !== undefined) {
      sorted.rejected.push({ at, id, reason: reason ?? 'id missing' });
      continue;
    }
    seen.add(id);
    sorted.matrix.set(vector, sorted.ids.length * dim);
    sorted.ids.push(id);
  }
  sorted.matrix = sorted.matrix.subarray(0, sorted.ids.length * dim);
  return sorted;
}

async function* sortedSlices({ file, ids }: VectorSource): AsyncGenerator<SortedSlice, void, void> {
  const seen = new Set<string>();
  for await (const slice of file.slices()) yield sortOut(slice, ids, file.dim, seen);
}

/**
 * Reads all of a file, and refuses it when any row of it could not be used. The source is read up by this; open another to import.
 * @throws KairankError KAIRANK_INVALID_SCHEMA naming the first such row, and how many there are
 */
export async function requireAllRows(source: VectorSource, onProgress?: (done: number) => void): Promise<void> {
  const { path, rows } = source.file;
  let read = 0;
  let first: SortedSlice['rejected'][number] | undefined;
  let count = 0;
  for await (const slice of sortedSlices(source)) {
    read += slice.rows;
    first ??= slice.rejected[0];
    count += slice.rejected.length;
    onProgress?.(read / Math.max(1, rows));
  }
  if (!first) return;
  const what = `row ${first.at} cannot be used (${first.reason})${count > 1 ? `, nor ${count - 1} more` : ''}; nothing was imported`;
  throw new KairankError('KAIRANK_INVALID_SCHEMA', `${path}: ${what}`, {
    field: path,
    expected: 'an id and finite numbers in every row',
    received: first.reason,
  });
}

/**
 * Puts every vector that can be used onto its item, slice by slice; each slice is durable before the next is read. Rows that cannot be
 * used are counted by reason and written to a file; rows of ids that the catalogue does not have are counted.
 *
 * @param field the vector field; its dim must be the file's
 * @throws what reading and `putVectors` throw; KAIRANK_IO when rejected rows cannot be written; KAIRANK_ABORTED
 */
export async function importVectors(
  target: VectorTarget,
  field: string,
  source: VectorSource,
  options: Omit<ImportOptions, 'signal'>,
): Promise<VectorReport> {
  const { rows, dim, notes } = source.file;
  const rejections = new Rejections(options.folder, 'vectors', new Date());
  const shown: string[] = [];
  let [read, accepted, unknown] = [0, 0, 0];
  try {
    for await (const slice of sortedSlices(source)) {
      for (const { reason, at, id } of slice.rejected) await rejections.add(reason, at, { id });
      const { put, missing } = await target.items.putVectors(field, slice.ids, slice.matrix, { missing: 'skip' });
      accepted += put;
      unknown += missing.length;
      shown.push(...missing.slice(0, SHOWN_UNKNOWN - shown.length));
      read += slice.rows;
      options.onProgress?.(read / Math.max(1, rows), read);
    }
  } finally {
    await rejections.close();
  }
  return {
    read,
    accepted,
    unknown,
    dim,
    rejected: rejections.counts,
    rejectedFile: rejections.path,
    notes: { ...notes, ...(shown.length > 0 ? { 'unknown ids': `${shown.join(', ')}${unknown > shown.length ? ', …' : ''}` } : {}) },
  };
}
