/** One matrix of a safetensors file, where it lies: its rows are read slice by slice, so that memory never holds the file. */

import { refuse } from '../options.js';
import { fileError } from './failures.js';
import { type FloatType, type MatrixLayout, readStart } from './matrix.js';
import { headerLength, parseHeader, type TensorEntry } from './safetensors-header.js';

const TYPES: Readonly<Record<string, FloatType>> = { F16: 'f16', BF16: 'bf16', F32: 'f32', F64: 'f64' };

function typeOf({ type }: TensorEntry): FloatType | undefined {
  return Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
}

function isMatrix(entry: TensorEntry): boolean {
  return entry.shape.length === 2 && typeOf(entry) !== undefined;
}

function describe([name, { type, shape }]: [string, TensorEntry]): string {
  return `${name} (${type}, ${shape.join(' × ') || 'a single number'})`;
}

/** The tensor of that name; without one, the only matrix of floats that there is. */
function choose(tensors: ReadonlyMap<string, TensorEntry>, name: string | undefined): [string, TensorEntry] {
  const all = [...tensors];
  const known = all.slice(0, 20).map(describe).join(', ') || 'none';
  if (name !== undefined) {
    const entry = tensors.get(name);
    return entry ? [name, entry] : refuse('tensor', `one of the file's tensors (${known})`, name);
  }
  const [only, ...more] = all.filter(([, entry]) => isMatrix(entry));
  if (only && more.length === 0) return only;
  return refuse('tensor', `the name of a tensor, as the file does not hold one matrix of floats alone (it has: ${known})`, 'none');
}

/**
 * Finds a matrix of a safetensors file: two dimensions of F16, BF16, F32 or F64.
 * @param tensor its name. Default: the only such matrix
 * @throws KairankError KAIRANK_INVALID_ARGUMENT (`tensor`: not there, or several to choose from), KAIRANK_UNSUPPORTED_FORMAT
 * (another type or number of dimensions), KAIRANK_CORRUPT_FILE, KAIRANK_IO
 */
export async function openSafetensorsMatrix(path: string, tensor?: string): Promise<MatrixLayout> {
  const start = await readStart(path, 8);
  const length = headerLength(start.bytes, start.size, path);
  const { bytes, size } = await readStart(path, 8 + length);
  if (bytes.length < 8 + length) throw fileError('KAIRANK_CORRUPT_FILE', path, 'became shorter while it was read');
  const { tensors } = parseHeader(bytes.subarray(8), size - 8 - length, path);
  const [name, entry] = choose(tensors, tensor);
  const type = typeOf(entry);
  const [rows, dim] = entry.shape;
  if (type === undefined || rows === undefined || dim === undefined || entry.shape.length !== 2) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `the tensor ${describe([name, entry])} is no matrix of floats`, {
      expected: 'two dimensions of F16, BF16, F32 or F64',
    });
  }
  return { path, type, rows, dim, offset: 8 + length + entry.begin };
}
