/** Files of vectors, as every reader gives them: npy, safetensors and Parquet, told apart by their content. */

import { fileError } from './failures.js';
import { type MatrixLayout, readMatrix, readStart } from './matrix.js';
import { NPY_MAGIC, openNpy } from './npy.js';
import { openParquetVectors } from './parquet-vectors.js';
import { openSafetensorsMatrix } from './safetensors-matrix.js';

export const VECTOR_FORMATS = ['npy', 'safetensors', 'parquet'] as const;
export type VectorFormat = (typeof VECTOR_FORMATS)[number];

export interface VectorOptions {
  /** safetensors: the name of the matrix. Default: the only one there is. */
  tensor?: string | undefined;
  /** Parquet: the column of the ids. Default: `id`. */
  idColumn?: string | undefined;
  /** Parquet: the column of lists of numbers. Default: `embedding`. */
  vectorColumn?: string | undefined;
  /** Stops the reading with KAIRANK_ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Some thousand rows of a file. */
export interface VectorSlice {
  /** Row of the file of the first one; the first of a file is 1. */
  readonly at: number;
  /** n × dim, row-major. Any bits may stand here, NaN too; a row that has a problem is all zero. */
  readonly values: Float32Array;
  /** The id of each row as the file has it; null where the format has none (npy, safetensors). */
  readonly ids: readonly unknown[] | null;
  /** Why a row holds no vector, in a few stable words, by its place in the slice. */
  readonly problems: ReadonlyMap<number, string>;
}

export interface VectorFile {
  readonly path: string;
  readonly format: VectorFormat;
  /** Numbers of each vector. */
  readonly dim: number;
  readonly rows: number;
  /** What was found in the file, for the report. */
  readonly notes: Readonly<Record<string, string>>;
  /**
   * Every row once, in the order of the file. To be called once.
   * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_IO, KAIRANK_ABORTED
   */
  slices(): AsyncGenerator<VectorSlice, void, void>;
}

const NO_PROBLEMS: ReadonlyMap<number, string> = new Map();

function fromMatrix(layout: MatrixLayout, format: VectorFormat, signal: AbortSignal | undefined): VectorFile {
  const { path, dim, rows, type } = layout;
  async function* slices(): AsyncGenerator<VectorSlice, void, void> {
    for await (const { row, values } of readMatrix(layout, signal)) yield { at: row + 1, values, ids: null, problems: NO_PROBLEMS };
  }
  return { path, format, dim, rows, notes: { shape: `${rows} × ${dim} (${type})` }, slices };
}

/** What the beginning of a file is; undefined for what kairank reads no vectors from. */
function formatOf(bytes: Buffer): VectorFormat | undefined {
  if (bytes.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC)) return 'npy';
  if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  // A length that no file reaches in its upper half, then the brace of the header.
  return bytes.length > 8 && bytes.readUInt32LE(4) === 0 && bytes[8] === 0x7b ? 'safetensors' : undefined;
}

async function sniffVectors(path: string): Promise<VectorFormat> {
  const { bytes } = await readStart(path, 16);
  const found = formatOf(bytes);
  const claimed = VECTOR_FORMATS.find((format) => path.toLowerCase().endsWith(`.${format}`));
  if (found !== undefined && (claimed === undefined || claimed === found)) return found;
  const received = bytes.length === 0 ? 'an empty file' : (found ?? `bytes beginning ${bytes.subarray(0, 8).toString('hex')}`);
  if (claimed !== undefined) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, `is not what its name says: expected ${claimed}, got ${received}`, {
      expected: claimed,
      received,
    });
  }
  const packed = bytes.subarray(0, 2).toString('latin1');
  const hint =
    packed === 'PK' ? ' (an archive such as npz: save one array as npy)' : packed === '\x1f\x8b' ? ' (gzip: unpack it first)' : '';
  throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `is no file of vectors${hint}`, {
    expected: 'npy, safetensors or Parquet',
    received,
  });
}

/**
 * Opens a file of vectors: npy, safetensors or Parquet, by its content.
 * @throws KairankError KAIRANK_CORRUPT_FILE when it is not what its name says or damaged, KAIRANK_UNSUPPORTED_FORMAT when it holds
 * something else than a matrix of floats, KAIRANK_INVALID_ARGUMENT for a tensor or column that is not there, KAIRANK_IO
 */
export async function openVectors(path: string, options: VectorOptions = {}): Promise<VectorFile> {
  const format = await sniffVectors(path);
  if (format === 'npy') return fromMatrix(await openNpy(path), format, options.signal);
  if (format === 'safetensors') return fromMatrix(await openSafetensorsMatrix(path, options.tensor), format, options.signal);
  return openParquetVectors(path, options);
}
