/** Errors of reading files: each names the file. */

import { type ErrorCode, KairankError } from '../errors.js';

/** A KairankError about one file. */
export function fileError(
  code: ErrorCode,
  path: string,
  problem: string,
  details: { expected?: string; received?: string; cause?: unknown } = {},
): KairankError {
  return new KairankError(code, `${path}: ${problem}`, { field: path, ...details });
}

/** What the operating system or a decoder threw, as a KairankError about the file; a KairankError stays as it is. */
export function asFileError(path: string, error: unknown): KairankError {
  if (error instanceof KairankError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  // zlib's own codes begin with Z_ (or ERR_ for trailing rubbish); those of the operating system with E.
  const unpacking = typeof code === 'string' && (code.startsWith('Z_') || code.startsWith('ERR_'));
  return unpacking
    ? fileError('KAIRANK_CORRUPT_FILE', path, `cannot be unpacked (${message})`, { expected: 'a whole gzip file', cause: error })
    : fileError('KAIRANK_IO', path, `cannot be read (${message})`, { cause: error });
}
