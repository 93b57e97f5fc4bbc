/** Parquet, row group by row group, column by column. */

import { type AsyncBuffer, asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { KairankError } from '../errors.js';
import { throwIfAborted } from '../jobs.js';
import { asFileError, fileError } from './failures.js';
import { emptyFields, type ReadOptions, type ReadRecord, type RecordFile } from './records.js';

const BATCH_ROWS = 8192;

/** Whole numbers as numbers where they fit exactly; wider ones as text, which loses nothing. */
function plain(value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

/** What the decoder throws on bytes that are not as they should be is the file's fault; what the system refuses is not. */
function asParquetError(path: string, error: unknown): KairankError {
  if (error instanceof KairankError) return error;
  const system = error instanceof Error && 'syscall' in error;
  if (system) return asFileError(path, error);
  const message = error instanceof Error ? error.message : String(error);
  return fileError('KAIRANK_CORRUPT_FILE', path, `is no Parquet that can be read (${message})`, {
    expected: 'a whole Parquet file',
    cause: error,
  });
}

/** Refuses what the footer cannot mean before any memory is taken for it. */
function checkMetadata(path: string, file: AsyncBuffer, metadata: FileMetaData): void {
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows) || metadata.row_groups.some((group) => group.num_rows < 0n)) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'states different numbers of rows', {
      expected: `${metadata.num_rows} rows`,
      received: `${rows}`,
    });
  }
  for (const group of metadata.row_groups) {
    for (const { meta_data: column } of group.columns) {
      if (!column) continue;
      const end = Number(column.dictionary_page_offset ?? column.data_page_offset) + Number(column.total_compressed_size);
      if (!(end <= file.byteLength) || column.total_compressed_size < 0n || column.num_values < 0n) {
        throw fileError('KAIRANK_CORRUPT_FILE', path, 'ends before its columns do', {
          expected: `${end} bytes`,
          received: `${file.byteLength}`,
        });
      }
    }
  }
}

/**
 * Opens a Parquet file (any codec of hyparquet-compressors: Snappy, gzip, zstd, LZ4, Brotli). Memory holds one row group's wanted
 * columns at a time. Whole numbers come as numbers (as text beyond ±2^53), timestamps as Date.
 * @throws KairankError KAIRANK_CORRUPT_FILE when the footer cannot be read, KAIRANK_INVALID_ARGUMENT for a wanted column that is not
 * there; see {@link RecordFile} for the rest.
 */
export async function readParquet(path: string, options: ReadOptions = {}): Promise<RecordFile> {
  const { file, metadata, names } = await openFooter(path);
  const wanted = options.columns ?? names;
  const total = Number(metadata.num_rows);
  let done = 0;
  async function* batches(): AsyncGenerator<ReadRecord[], void, void> {
    try {
      const scan = await parquetScan({ file, metadata, compressors, columns: [...wanted] });
      for (const range of scan.ranges) {
        const columns = new Map<string, ArrayLike<unknown>>();
        for (const column of wanted) {
          throwIfAborted(options.signal);
          const values = await scan.readColumn({ column, ...range });
          if (values.length !== range.rowEnd - range.rowStart) throw new Error(`column ${column} has ${values.length} values`);
          columns.set(column, values);
        }
        for (let row = range.rowStart; row < range.rowEnd; row += BATCH_ROWS) {
          throwIfAborted(options.signal);
          const end = Math.min(row + BATCH_ROWS, range.rowEnd);
          yield readRows(columns, row, end, range.rowStart);
          done = end;
        }
      }
    } catch (error) {
      throw asParquetError(path, error);
    }
  }
  return { path, format: 'parquet', columns: names, progress: () => (total === 0 ? 1 : done / total), batches };
}

/**
 * What the footer alone says: rows, columns, and the most values (the numbers of its lists) that one row group holds in a column.
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_IO
 */
export async function parquetShape(path: string): Promise<{ rows: number; columns: string[]; largest: (column: string) => number }> {
  const { metadata, names } = await openFooter(path);
  const values = (column: string): number[] =>
    metadata.row_groups.flatMap((group) =>
      group.columns.map(({ meta_data: chunk }) => (chunk?.path_in_schema[0] === column ? Number(chunk.num_values) : 0)),
    );
  return {
    rows: Number(metadata.num_rows),
    columns: names,
    largest: (column) => values(column).reduce((most, one) => Math.max(most, one), 0),
  };
}

async function openFooter(path: string): Promise<{ file: AsyncBuffer; metadata: FileMetaData; names: string[] }> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    checkMetadata(path, file, metadata);
    return { file, metadata, names: parquetSchema(metadata).children.map((child) => child.element.name) };
  } catch (error) {
    throw asParquetError(path, error);
  }
}

function readRows(columns: Map<string, ArrayLike<unknown>>, start: number, end: number, groupStart: number): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (let row = start; row < end; row++) {
    const fields = emptyFields();
    for (const [name, values] of columns) fields[name] = plain(values[row - groupStart]);
    records.push({ at: row + 1, fields });
  }
  return records;
}
