/** Sessions of nobody in particular: `train_sessions.txt` has one a line, `test_input_target.txt` has `item item …<TAB>target`. */

import { join } from 'node:path';
import { fileError } from '../../formats/failures.js';
import { EVENT_TYPES } from '../../shopper/events.js';
import { emptyHistories, type Interactions, Numbering } from '../interactions.js';
import { Rejected, wordsOf } from './words.js';

/** Milliseconds between the events of a session, whose times nobody wrote down: they are an order, no more. */
const STEP = 1000;
/** Milliseconds between the beginnings of sessions, which stand in the order of time. */
const SESSION = 3_600_000;

/** The time of an event of the session of a place in the order. */
export const sessionTime = (session: number, event: number): number => session * SESSION + event * STEP;

export interface Sessions {
  /** A session is a user of its own. */
  interactions: Interactions;
  tests: { history: Uint32Array; target: number }[];
}

/**
 * Reads a folder of sessions.
 * @throws KairankError KAIRANK_CORRUPT_FILE when a file has no usable line; KAIRANK_IO.
 */
export async function readSessions(folder: string, signal?: AbortSignal): Promise<Sessions> {
  const items = new Numbering();
  const rejected = new Rejected();
  const rows: number[] = [];
  const offsets = [0];
  for await (const { words } of wordsOf(join(folder, 'train_sessions.txt'), rejected, signal)) {
    for (const item of words) rows.push(items.of(item));
    offsets.push(rows.length);
  }
  const path = join(folder, 'test_input_target.txt');
  const tests: Sessions['tests'] = [];
  for await (const { words } of wordsOf(path, rejected, signal)) {
    const target = words.pop();
    if (target === undefined || words.length === 0) rejected.add('no history');
    else tests.push({ history: Uint32Array.from(words, (item) => items.of(item)), target: items.of(target) });
  }
  for (const [file, count] of [
    [join(folder, 'train_sessions.txt'), rows.length],
    [path, tests.length],
  ] as const) {
    if (count === 0) throw fileError('KAIRANK_CORRUPT_FILE', file, 'has no session', { expected: 'lines of items', received: 'none' });
  }
  const histories = emptyHistories(offsets.length - 1, rows.length);
  histories.offsets.set(offsets);
  histories.rows.set(rows);
  histories.types.fill(EVENT_TYPES.indexOf('view'));
  histories.weights.fill(1);
  for (let session = 0; session + 1 < offsets.length; session++) {
    const start = offsets[session] ?? 0;
    for (let event = start; event < (offsets[session + 1] ?? 0); event++) histories.times[event] = sessionTime(session, event - start);
  }
  const users = Array.from({ length: offsets.length - 1 }, (_, session) => String(session));
  return {
    interactions: {
      users,
      items: items.names,
      histories,
      baskets: undefined,
      anonymous: undefined,
      timed: false,
      rejected: rejected.counts,
    },
    tests,
  };
}
