/** The split that asks about items of which nothing could be learned: they come into the shop after training. */

import type { NativeHistories } from '../native.js';
import { refuse } from '../options.js';
import { type Interactions, stretchOf, takeStretches, withoutRows } from './interactions.js';
import { Random } from './random.js';
import { CaseBuilder, type Split } from './splits.js';

/** The share of items that is held out where none is given. */
export const COLD_SHARE = 0.1;

/** The stream of random numbers that draws the items: those of users begin at 0. */
const STREAM = 0xffff_c01d;

/** Rows of items in a random order that the ids and the seed decide, and not the order of the events. */
function drawn(items: readonly string[], seed: number): Uint32Array {
  const rows = Uint32Array.from(items.keys());
  const name = (row: number): string => items[row] ?? '';
  rows.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
  new Random(seed, STREAM).shuffle(rows, 0, rows.length);
  return rows;
}

function marked(items: number, rows: Uint32Array): Uint8Array {
  const marks = new Uint8Array(items);
  for (const row of rows) marks[row] = 1;
  return marks;
}

/**
 * One case a user: the first event with a held-out item, after all events before it. Nobody is asked about those of whom nothing else
 * is known before (`dropped`), nor about those whom nobody knows.
 */
function firstHeldOut(
  histories: NativeHistories,
  held: Uint8Array,
  anonymous: Uint8Array | undefined,
): { cases: CaseBuilder; dropped: number } {
  const cases = new CaseBuilder();
  let dropped = 0;
  for (let user = 0; user + 1 < histories.offsets.length; user++) {
    if (anonymous?.[user] === 1) continue;
    const { start, end } = stretchOf(histories, user);
    let event = start;
    while (event < end && held[histories.rows[event] ?? 0] !== 1) event++;
    if (event === end) continue;
    if (event === start) dropped++;
    else cases.add(user, { start, end: event }, histories.rows.subarray(event, event + 1));
  }
  return { cases, dropped };
}

function withoutEmpty(histories: NativeHistories): NativeHistories {
  const users = Array.from({ length: histories.offsets.length - 1 }, (_, user) => stretchOf(histories, user));
  return takeStretches(
    histories,
    users.filter(({ start, end }) => end > start),
  );
}

/**
 * Cold items: a seeded permutation of the item ids holds out a share of them with all their events; each user is asked about the first
 * of theirs, knowing what came before it (which holds no other). What is left is split the same way for choosing settings: the next
 * share of the same permutation is held out from it.
 *
 * - `everything` is all events of all other items;
 * - `validation` asks the same question about the items of `validationRows`, within `everything`;
 * - `train` is `everything` without the events of those items: to the chooser they are as cold as the held-out ones to the test.
 *
 * Test histories hold events of `validationRows`, as input alone. The split knows no time: others may have done later what is learned
 * from; what is kept apart is items.
 */
export function coldItems(interactions: Interactions, { share, seed }: { share: number; seed: number }): Split {
  if (!(share > 0 && share < 1)) refuse('coldItems', 'a share above 0 and below 1', share);
  const { items, histories, anonymous } = interactions;
  const order = drawn(items, seed);
  const held = Math.max(1, Math.round(share * order.length));
  const chosen = held + Math.max(1, Math.round(share * (order.length - held)));
  const rows = order.slice(0, held).sort();
  const validationRows = order.slice(held, chosen).sort();
  const asked = firstHeldOut(histories, marked(items.length, rows), anonymous);
  const everything = withoutRows(histories, marked(items.length, rows));
  const forValidation = marked(items.length, validationRows);
  const test = asked.cases.build(histories);
  const validation = firstHeldOut(everything, forValidation, anonymous).cases;
  return {
    items: items.length,
    train: withoutEmpty(withoutRows(everything, forValidation)),
    validation: validation.build(everything),
    everything: withoutEmpty(everything),
    refits: false,
    test,
    validationUsers: Uint32Array.from(validation.users),
    testUsers: Uint32Array.from(asked.cases.users),
    coldTargets: test.targets.length,
    droppedUsers: interactions.users.length - asked.cases.users.length,
    coldItems: { rows, validationRows, droppedCases: asked.dropped },
  };
}
