/**
 * NumPy's npy: one array in one file. 6 bytes of magic, the version (1.0, 2.0, 3.0), the length of the header (u16 or u32), the
 * header (a dictionary as Python writes it), then the array (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 * The header is parsed, never evaluated; nothing in it is believed before it is checked against the size of the file.
 */

import { fileError } from './failures.js';
import { FLOAT_BYTES, type FloatType, type MatrixLayout, readStart } from './matrix.js';

export const NPY_MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/** Types of NumPy as `descr` names them, little-endian. */
const TYPES: Readonly<Record<string, FloatType>> = { '<f2': 'f16', '<f4': 'f32', '<f8': 'f64' };
/** NumPy itself refuses headers beyond 10,000 bytes unless told otherwise; a plain array needs 128. */
const MAX_HEADER = 1 << 16;
const MAX_RANK = 32;

interface Header {
  descr: string;
  fortran: boolean;
  shape: number[];
}

/** Reads the dictionary of a header: its three keys in any order, each once, and no other. */
class HeaderParser {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly path: string,
  ) {}

  fail(what: string): never {
    throw fileError('KAIRANK_CORRUPT_FILE', this.path, `has a damaged header (${what})`, { expected: 'an npy file', received: what });
  }

  parse(): Header {
    let descr: string | undefined;
    let fortran: boolean | undefined;
    let shape: number[] | undefined;
    this.#expect('{');
    while (!this.#take('}')) {
      const key = this.#string();
      this.#expect(':');
      if (key === 'descr' && descr === undefined) descr = this.#descr();
      else if (key === 'fortran_order' && fortran === undefined) fortran = this.#boolean();
      else if (key === 'shape' && shape === undefined) shape = this.#shape();
      else this.fail(`${JSON.stringify(key)} is unknown, or there twice`);
      if (this.#take(',')) continue;
      this.#expect('}');
      break;
    }
    if (!/^[ \n]*$/.test(this.text.slice(this.#at))) this.fail('something follows the dictionary');
    if (descr === undefined || fortran === undefined || shape === undefined) this.fail('descr, fortran_order or shape is missing');
    return { descr, fortran, shape };
  }

  /** What a pattern matches here, past spaces. */
  #match(pattern: RegExp): string | undefined {
    const spaces = /^ */.exec(this.text.slice(this.#at))?.[0].length ?? 0;
    const found = pattern.exec(this.text.slice(this.#at + spaces))?.[0];
    if (found !== undefined) this.#at += spaces + found.length;
    return found;
  }

  #take(word: string): boolean {
    const before = this.#at;
    if (this.#match(/^[^ ]/) === word) return true;
    this.#at = before;
    return false;
  }

  #expect(word: string): void {
    if (!this.#take(word)) this.fail(`no ${word} at byte ${this.#at}`);
  }

  #string(): string {
    const quoted = this.#match(/^(?:'[^'\\\n]*'|"[^"\\\n]*")/);
    return quoted === undefined ? this.fail(`no text at byte ${this.#at}`) : quoted.slice(1, -1);
  }

  /** A list stands for the fields of a structured array. */
  #descr(): string {
    if (this.#take('[')) {
      throw fileError('KAIRANK_UNSUPPORTED_FORMAT', this.path, 'holds a structured array', { expected: 'floats: <f2, <f4 or <f8' });
    }
    return this.#string();
  }

  #boolean(): boolean {
    const word = this.#match(/^(?:True|False)/);
    return word === undefined ? this.fail('fortran_order is not True or False') : word === 'True';
  }

  #shape(): number[] {
    const sizes: number[] = [];
    this.#expect('(');
    while (!this.#take(')')) {
      // Python 2 wrote an L behind long numbers.
      const digits = this.#match(/^\d{1,16}L?/);
      const size = Number.parseInt(digits ?? '', 10);
      if (!Number.isSafeInteger(size) || sizes.length === MAX_RANK) this.fail('shape is no tuple of sizes');
      sizes.push(size);
      if (this.#take(',')) continue;
      this.#expect(')');
      break;
    }
    return sizes;
  }
}

/** The header's text, and where the array begins. */
function headerOf(path: string, bytes: Buffer, size: number): { text: string; offset: number } {
  const short = (): never => {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'ends within its header', { expected: 'a whole npy file', received: `${size} bytes` });
  };
  if (!bytes.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC.subarray(0, bytes.length))) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'is not npy: it does not begin as one', { expected: 'an npy file' });
  }
  if (bytes.length < 10) short();
  const [major, minor] = [bytes.readUInt8(6), bytes.readUInt8(7)];
  if (major < 1 || major > 3 || minor !== 0) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `is npy of version ${major}.${minor}`, { expected: '1.0, 2.0 or 3.0' });
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) short();
  const length = major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  if (start + length > size) short();
  if (start + length > bytes.length) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, `has a header of ${length} bytes`, { expected: `at most ${MAX_HEADER}` });
  }
  const text = bytes.toString(major === 3 ? 'utf8' : 'latin1', start, start + length);
  return { text, offset: start + length };
}

/**
 * Finds the matrix of an npy file: two dimensions, rows one after the other (C order), float16, float32 or float64, little-endian.
 * @throws KairankError KAIRANK_CORRUPT_FILE (saying what is wrong), KAIRANK_UNSUPPORTED_FORMAT for arrays of another type, order or
 * number of dimensions and for other versions, KAIRANK_IO
 */
export async function openNpy(path: string): Promise<MatrixLayout> {
  const { bytes, size } = await readStart(path, MAX_HEADER + 12);
  const { text, offset } = headerOf(path, bytes, size);
  const { descr, fortran, shape } = new HeaderParser(text, path).parse();
  const type = Object.hasOwn(TYPES, descr) ? TYPES[descr] : undefined;
  if (type === undefined) {
    const what = /^[>!]/.test(descr) ? 'big-endian numbers' : /^\|?O/.test(descr) ? 'Python objects' : 'no floats';
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `holds ${what} (${JSON.stringify(descr)}); save it as float32`, {
      expected: 'little-endian floats: <f2, <f4 or <f8',
      received: descr,
    });
  }
  const [rows, dim] = shape;
  if (rows === undefined || dim === undefined || shape.length !== 2) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, `holds an array of ${shape.length} dimensions (${shape.join(' × ')})`, {
      expected: 'a matrix, a row for each vector',
    });
  }
  if (fortran) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, 'is in Fortran order; save numpy.ascontiguousarray of it', {
      expected: 'rows one after the other (C order)',
    });
  }
  const needed = rows * dim * FLOAT_BYTES[type];
  if (needed !== size - offset) {
    const received = `${size - offset} bytes`;
    const how = needed > size - offset ? 'shorter' : 'longer';
    throw fileError('KAIRANK_CORRUPT_FILE', path, `is ${how} than its header says: ${rows} × ${dim} of ${descr}`, {
      expected: `${needed} bytes of data`,
      received,
    });
  }
  return { path, type, rows, dim, offset };
}
