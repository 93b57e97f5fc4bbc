/** Sequence files: `user item item …` a line, oldest first; beside them, `user items<TAB>seconds since the previous item`. */

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from '../../formats/failures.js';
import { type Line, readLines } from '../../formats/lines.js';
import { EVENT_TYPES } from '../../shopper/events.js';
import { emptyHistories, type Interactions, Numbering } from '../interactions.js';
import { Rejected, wordsOf } from './words.js';

export interface SequencesOptions {
  /** The file of time gaps; undefined: `timegaps.txt` beside the sequences, where it is; null: none. */
  gaps?: string | null;
  signal?: AbortSignal | undefined;
}

async function* linesOf(path: string, signal: AbortSignal | undefined): AsyncGenerator<Line, void, void> {
  for await (const batch of readLines(path, false, signal).batches()) yield* batch;
}

async function siblingGaps(path: string): Promise<string | null> {
  const sibling = join(dirname(path), 'timegaps.txt');
  if (basename(path) === 'timegaps.txt') return null;
  const there = await stat(sibling).then(
    (found) => found.isFile(),
    () => false,
  );
  return there ? sibling : null;
}

/**
 * Reads a sequence file. Every event is a purchase of weight 1; without gaps, times are only an order (a day apart).
 * @throws KairankError KAIRANK_CORRUPT_FILE when no line is a sequence, a user comes twice, or the gaps do not fit; KAIRANK_IO.
 */
export async function readSequences(path: string, options: SequencesOptions = {}): Promise<Interactions> {
  const users = new Numbering();
  const items = new Numbering();
  const rows: number[] = [];
  const offsets: number[] = [0];
  const rejected = new Rejected();
  for await (const { at, words } of wordsOf(path, rejected, options.signal)) {
    const [user = '', ...sequence] = words;
    if (sequence.length === 0) {
      rejected.add('no items');
      continue;
    }
    if (users.of(user) !== offsets.length - 1) throw fileError('KAIRANK_CORRUPT_FILE', path, `line ${at} names the user ${user} again`);
    for (const item of sequence) rows.push(items.of(item));
    offsets.push(rows.length);
  }
  if (rows.length === 0) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'is no sequence file', { expected: 'lines of "user item item …"', received: 'none' });
  }
  const histories = emptyHistories(users.names.length, rows.length);
  histories.offsets.set(offsets);
  histories.rows.set(rows);
  histories.types.fill(EVENT_TYPES.indexOf('purchase'));
  histories.weights.fill(1);
  const interactions = {
    users: users.names,
    items: items.names,
    histories,
    baskets: undefined,
    anonymous: undefined,
    timed: false,
    rejected: rejected.counts,
  };
  const gaps = options.gaps === undefined ? await siblingGaps(path) : options.gaps;
  if (gaps === null) {
    for (let user = 0; user < users.names.length; user++) spread(interactions, user, () => 86_400);
    return interactions;
  }
  await applyGaps(interactions, gaps, options.signal);
  return { ...interactions, timed: true };
}

/** Sets the times of one user's events from the seconds between them, the first at 0. */
function spread({ histories }: Interactions, user: number, seconds: (index: number) => number): void {
  const start = histories.offsets[user] ?? 0;
  const end = histories.offsets[user + 1] ?? 0;
  let time = 0;
  for (let event = start; event < end; event++) {
    // The first event has no gap, whatever the file says.
    if (event > start) time += seconds(event - start) * 1000;
    histories.times[event] = time;
  }
}

async function applyGaps(interactions: Interactions, path: string, signal: AbortSignal | undefined): Promise<void> {
  let user = 0;
  for await (const { at, text } of linesOf(path, signal)) {
    if (text.trim() === '') continue;
    const [sequence = '', seconds = ''] = text.split('\t');
    const gaps = seconds.trim().split(/\s+/).map(Number);
    const items = sequence.trim().split(/\s+/);
    const length = (interactions.histories.offsets[user + 1] ?? 0) - (interactions.histories.offsets[user] ?? 0);
    if (items[0] !== interactions.users[user] || items.length - 1 !== length || gaps.length !== length || gaps.some((gap) => !(gap >= 0))) {
      throw fileError('KAIRANK_CORRUPT_FILE', path, `line ${at} does not fit the sequences`, {
        expected: `user ${interactions.users[user] ?? '(none left)'} with ${length} items and as many gaps of 0 or more`,
        received: text.slice(0, 80),
      });
    }
    spread(interactions, user++, (index) => gaps[index] ?? 0);
  }
  if (user !== interactions.users.length) {
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'has fewer lines than the sequences', {
      expected: `${interactions.users.length}`,
      received: `${user}`,
    });
  }
}
