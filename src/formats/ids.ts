/** Files of ids, for vectors that come without: one a line, or one JSON array. */

import { readFile } from 'node:fs/promises';
import { asFileError, fileError } from './failures.js';
import { readLines } from './lines.js';

/**
 * The ids in the order of the file, as it has them; `undefined` for a line that cannot be read, so that none after it moves.
 * A name that ends in `.json` makes it one JSON array of strings or numbers; anything else is text, plain, one id a line. Empty
 * lines at the end are no ids.
 *
 * @throws KairankError KAIRANK_CORRUPT_FILE (no JSON array), KAIRANK_IO, KAIRANK_ABORTED
 */
export async function readIds(path: string, signal?: AbortSignal): Promise<unknown[]> {
  if (path.toLowerCase().endsWith('.json')) return readJsonIds(path);
  const ids: unknown[] = [];
  for await (const batch of readLines(path, false, signal).batches()) {
    for (const { text, problem } of batch) ids.push(problem === undefined ? text : undefined);
  }
  let end = ids.length;
  while (end > 0 && ids[end - 1] === '') end--;
  return ids.slice(0, end);
}

async function readJsonIds(path: string): Promise<unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw asFileError(path, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'is not JSON', { expected: 'a JSON array of ids', cause: error });
  }
  if (!Array.isArray(value)) throw fileError('KAIRANK_CORRUPT_FILE', path, 'is no JSON array', { expected: 'a JSON array of ids' });
  const ids: unknown[] = value;
  return ids;
}
