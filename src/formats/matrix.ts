/** A matrix of floats inside a file (npy, safetensors): where it lies, and its rows read slice by slice. */

import { type FileHandle, open } from 'node:fs/promises';
import { throwIfAborted } from '../jobs.js';
import { asFileError, fileError } from './failures.js';

/** Floats as files hold them, all little-endian; the number is their width in bytes. */
export const FLOAT_BYTES = { f16: 2, bf16: 2, f32: 4, f64: 8 } as const;
export type FloatType = keyof typeof FLOAT_BYTES;

/** n × dim, row-major, without gaps; its readers have checked that the file is large enough. */
export interface MatrixLayout {
  path: string;
  type: FloatType;
  rows: number;
  dim: number;
  /** Where the first row begins, in bytes from the beginning of the file. */
  offset: number;
}

/** Rows of one slice: enough to be worth a transaction, at most 16 MiB of floats. */
const SLICE_ROWS = 4096;
const SLICE_NUMBERS = 1 << 22;

/** Rows in a slice of vectors of `dim` numbers. */
export function sliceRows(dim: number): number {
  return Math.max(1, Math.min(SLICE_ROWS, Math.floor(SLICE_NUMBERS / dim)));
}

/** One half-precision float by its bits (IEEE 754: 1 sign, 5 exponent, 10 fraction). */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Every half-precision float there is: a look-up is several times quicker than the arithmetic. Made at first use. */
let halves: Float32Array | undefined;

/** Floats of any width as f32; what is too large for that becomes infinite. `bytes` is memory of its own. */
export function toFloat32(type: FloatType, bytes: ArrayBuffer): Float32Array {
  if (type === 'f32') return new Float32Array(bytes);
  if (type === 'f64') return new Float32Array(new Float64Array(bytes));
  const bits = new Uint16Array(bytes);
  // The upper half of an f32 is what a bf16 is.
  if (type === 'bf16') return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, half) => halfToNumber(half));
  const table = halves;
  return Float32Array.from(bits, (half) => table[half] ?? Number.NaN);
}

async function readWhole(file: FileHandle, path: string, at: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw fileError('KAIRANK_CORRUPT_FILE', path, 'became shorter while it was read');
    done += bytesRead;
  }
  return bytes.buffer;
}

/**
 * The rows of a matrix as f32, slice by slice; memory holds one slice.
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_IO, KAIRANK_ABORTED
 */
export async function* readMatrix(
  { path, type, rows, dim, offset }: MatrixLayout,
  signal?: AbortSignal,
): AsyncGenerator<{ row: number; values: Float32Array }, void, void> {
  const rowBytes = dim * FLOAT_BYTES[type];
  const step = sliceRows(dim);
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    for (let row = 0; row < rows; row += step) {
      throwIfAborted(signal);
      const bytes = await readWhole(file, path, offset + row * rowBytes, Math.min(step, rows - row) * rowBytes);
      yield { row, values: toFloat32(type, bytes) };
    }
  } catch (error) {
    throw asFileError(path, error);
  } finally {
    await file?.close();
  }
}

/** The beginning of a file, and its size; less than `length` where the file is shorter. @throws KairankError KAIRANK_IO */
export async function readStart(path: string, length: number): Promise<{ bytes: Buffer; size: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) throw fileError('KAIRANK_IO', path, 'is a folder, not a file');
    const { size } = stats;
    const bytes = await readWhole(file, path, 0, Math.min(length, size));
    return { bytes: Buffer.from(bytes), size };
  } catch (error) {
    throw asFileError(path, error);
  } finally {
    await file?.close();
  }
}
