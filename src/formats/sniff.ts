/** What a file is: by its content first, then checked against what its name says. */

import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { asFileError, fileError } from './failures.js';
import type { RecordFormat } from './records.js';

export interface Sniffed {
  format: RecordFormat;
  gzip: boolean;
  /** The beginning of the text, unpacked; empty for Parquet. */
  head: string;
}

const SAMPLE_BYTES = 1 << 16;
const EXTENSIONS: Record<string, RecordFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
};

/** The format that a name claims, if it claims one: the last extension, or the one before `.gz`. */
export function claimedFormat(path: string): RecordFormat | undefined {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : EXTENSIONS[name.slice(dot)];
}

async function readSample(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      if ((await file.stat()).isDirectory()) throw fileError('KAIRANK_IO', path, 'is a folder, not a file');
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asFileError(path, error);
  }
}

/** The beginning of a gzip file, as far as the sample goes. */
function unpack(path: string, sample: Buffer): Buffer {
  const whole = sample.length < SAMPLE_BYTES;
  try {
    // A sample ends in mid-stream; Z_SYNC_FLUSH gives what there is so far. A file read whole must end properly.
    return gunzipSync(sample, whole ? {} : { finishFlush: 2 });
  } catch (error) {
    throw asFileError(path, error);
  }
}

function startsWith(bytes: Buffer, ...prefix: number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** Text, or what the bytes are instead. */
function asText(path: string, bytes: Buffer, claimed: RecordFormat | undefined): string {
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, 'is text in UTF-16', { expected: 'UTF-8', received: 'UTF-16' });
  }
  if (bytes.includes(0)) {
    const code = claimed === undefined ? 'KAIRANK_UNSUPPORTED_FORMAT' : 'KAIRANK_CORRUPT_FILE';
    const expected = claimed === undefined ? 'CSV, JSONL or Parquet' : `${claimed} as its name says`;
    throw fileError(code, path, `is not text: expected ${expected}, got bytes beginning ${bytes.subarray(0, 8).toString('hex')}`, {
      expected,
      received: bytes.subarray(0, 8).toString('hex'),
    });
  }
  const text = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** JSONL when any line of the beginning opens an object: one broken first line does not change what the file is. */
function looksLikeJsonl(head: string): boolean {
  return /^\s*\{/m.test(head);
}

/**
 * Finds out what a file is.
 * @throws KairankError KAIRANK_CORRUPT_FILE when it is not what its name says, KAIRANK_UNSUPPORTED_FORMAT when it is nothing that
 * kairank reads, KAIRANK_IO when it cannot be read.
 */
export async function sniff(path: string): Promise<Sniffed> {
  const sample = await readSample(path);
  const claimed = claimedFormat(path);
  const gzip = startsWith(sample, 0x1f, 0x8b);
  if (!gzip && path.toLowerCase().endsWith('.gz')) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'is not a gzip file, as its name says', { expected: 'gzip' });
  }
  const bytes = gzip ? unpack(path, sample) : sample;
  const parquet = bytes.subarray(0, 4).toString('latin1') === 'PAR1';
  if (parquet && gzip)
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, 'is Parquet inside gzip; unpack it first', { expected: 'plain Parquet' });
  if (parquet && claimed !== undefined && claimed !== 'parquet') throw mismatch(path, claimed, 'Parquet');
  if (!parquet && claimed === 'parquet') throw mismatch(path, claimed, bytes.length === 0 ? 'an empty file' : 'something else');
  if (parquet) return { format: 'parquet', gzip: false, head: '' };
  const head = asText(path, bytes, claimed);
  if (head.trim() === '') {
    if (claimed === undefined) throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, 'is empty, and its name does not say what it should be');
    return { format: claimed, gzip, head };
  }
  if (/^\s*\[/.test(head) && claimed !== 'csv') {
    throw fileError('KAIRANK_UNSUPPORTED_FORMAT', path, 'is one JSON array; write one object a line (JSONL) instead', {
      expected: 'JSONL',
      received: 'a JSON array',
    });
  }
  const jsonl = looksLikeJsonl(head);
  if (claimed === 'jsonl' && !jsonl) throw mismatch(path, claimed, 'text without one JSON object a line');
  if (claimed === 'csv' && /^\s*\{"/.test(head)) throw mismatch(path, claimed, 'JSON');
  return { format: claimed ?? (jsonl ? 'jsonl' : 'csv'), gzip, head };
}

function mismatch(path: string, claimed: RecordFormat | undefined, received: string): Error {
  const expected = claimed ?? 'CSV, JSONL or Parquet';
  return fileError('KAIRANK_CORRUPT_FILE', path, `is not what its name says: expected ${expected}, got ${received}`, {
    expected,
    received,
  });
}
