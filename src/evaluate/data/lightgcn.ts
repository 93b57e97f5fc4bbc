/** Interactions without order, as LightGCN's splits have them: `train.txt` and `test.txt` with `user item item …` a line. */

import { join } from 'node:path';
import { fileError } from '../../formats/failures.js';
import type { Interactions } from '../interactions.js';
import { readSequences } from './sequences.js';
import { Rejected, wordsOf } from './words.js';

export interface HeldOut {
  interactions: Interactions;
  /** Test items of each user, by row; empty for one without. Rows beyond those of training are items that it never had. */
  tests: number[][];
}

/**
 * Reads a folder with a split.
 * @throws KairankError KAIRANK_CORRUPT_FILE when a file has no usable line, or does not fit the other; KAIRANK_IO.
 */
export async function readHeldOut(folder: string, signal?: AbortSignal): Promise<HeldOut> {
  const interactions = await readSequences(join(folder, 'train.txt'), { gaps: null, signal });
  const items = [...interactions.items];
  const rowOf = new Map(items.map((item, row) => [item, row]));
  const userOf = new Map(interactions.users.map((user, row) => [user, row]));
  const path = join(folder, 'test.txt');
  const rejected = new Rejected();
  const tests = interactions.users.map((): number[] => []);
  for await (const { at, words } of wordsOf(path, rejected, signal)) {
    const [user = '', ...held] = words;
    const list = tests[userOf.get(user) ?? -1];
    if (!list) throw fileError('KAIRANK_CORRUPT_FILE', path, `line ${at} names the user ${user}, whom train.txt does not`);
    for (const item of held) {
      let row = rowOf.get(item);
      if (row === undefined) {
        row = items.push(item) - 1;
        rowOf.set(item, row);
      }
      list.push(row);
    }
  }
  if (!tests.some((list) => list.length > 0)) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'asks for nothing', { expected: 'lines of "user item item …"', received: 'none' });
  }
  return { interactions: { ...interactions, items, rejected: { ...interactions.rejected, ...rejected.counts } }, tests };
}
