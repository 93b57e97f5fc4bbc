/** Cross-validation by user: every user is asked about once, and never helps to choose the settings that they are asked with. */

import type { NativeCases } from '../native.js';
import { refuse } from '../options.js';
import { stretchOf, takeStretches } from './interactions.js';
import { Random } from './random.js';
import type { Split } from './splits.js';

/** The stream of random numbers that deals the users out: those of users begin at 0. */
const STREAM = 0xffff_f01d;

/** The fold of each user, from 0: drawn by seed, of equal sizes but for one. */
export function foldsOf(users: number, folds: number, seed: number): Uint32Array {
  if (!Number.isInteger(folds) || folds < 2 || folds > users)
    refuse('folds', `a whole number from 2 to the number of users, ${users}`, folds);
  const dealt = Uint32Array.from({ length: users }, (_, user) => user % folds);
  new Random(seed, STREAM).shuffle(dealt, 0, users);
  return dealt;
}

/** Cases of some users, in their order. */
function takeCases(
  { histories, targetOffsets, targets }: NativeCases,
  users: Uint32Array,
  wanted: (user: number) => boolean,
): [NativeCases, Uint32Array] {
  const cases = [...users.keys()].filter((index) => wanted(users[index] ?? 0));
  const offsets = new Float64Array(cases.length + 1);
  const rows: number[] = [];
  for (const [place, index] of cases.entries()) {
    rows.push(...targets.subarray(targetOffsets[index] ?? 0, targetOffsets[index + 1] ?? 0));
    offsets[place + 1] = rows.length;
  }
  const taken = {
    histories: takeStretches(
      histories,
      cases.map((index) => stretchOf(histories, index)),
    ),
    targetOffsets: offsets,
    targets: Uint32Array.from(rows),
  };
  return [taken, Uint32Array.from(cases, (index) => users[index] ?? 0)];
}

/**
 * One fold of a split: its test asks the users of the fold, its validation all others. What is learned from stays the same, histories
 * of the fold's users before their held-out events among it: nobody can be recommended anything of whom nothing is known, and a model
 * of items by users has no factors for a stranger.
 * @param fold the fold of each user (see {@link foldsOf}).
 */
export function takeFold(split: Split, fold: Uint32Array, number: number): Split {
  const [test, testUsers] = takeCases(split.test, split.testUsers, (user) => fold[user] === number);
  const [validation, validationUsers] = takeCases(split.validation, split.validationUsers, (user) => fold[user] !== number);
  const warm = new Set(split.train.rows);
  return {
    ...split,
    validation,
    validationUsers,
    test,
    testUsers,
    coldTargets: test.targets.reduce((sum, row) => sum + (warm.has(row) ? 0 : 1), 0),
    droppedUsers: fold.reduce((sum, own) => sum + (own === number ? 1 : 0), 0) - testUsers.length,
  };
}
