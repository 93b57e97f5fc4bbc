/** Splits of interactions into what is learned from, what chooses the settings, and what is asked at the end. */

import type { NativeCases, NativeHistories } from '../native.js';
import { refuse } from '../options.js';
import { type Interactions, type Stretch, stretchOf, takeStretches } from './interactions.js';

/** Rows in all parts are those of the interactions; nothing of test is in train or in the targets of validation. */
export interface Split {
  /** Number of item rows. */
  items: number;
  train: NativeHistories;
  validation: NativeCases;
  /** Histories hold everything before the targets: what validation asks for is input here, and taught nowhere. */
  test: NativeCases;
  /** The user row of each test case. */
  testUsers: Uint32Array;
  /** Test targets that never occur in train. */
  coldTargets: number;
  /** Users that no test case could be made of. */
  droppedUsers: number;
}

/** Cases that grow one by one. */
class CaseBuilder {
  private readonly histories: Stretch[] = [];
  private readonly offsets: number[] = [0];
  private readonly targets: number[] = [];
  readonly users: number[] = [];

  add(user: number, history: Stretch, targets: Iterable<number>): void {
    this.users.push(user);
    this.histories.push(history);
    this.targets.push(...targets);
    this.offsets.push(this.targets.length);
  }

  build(from: NativeHistories): NativeCases {
    return {
      histories: takeStretches(from, this.histories),
      targetOffsets: Float64Array.from(this.offsets),
      targets: Uint32Array.from(this.targets),
    };
  }
}

function finish(interactions: Interactions, train: Stretch[], validation: CaseBuilder, test: CaseBuilder): Split {
  const { histories, items } = interactions;
  const trained = takeStretches(histories, train);
  const cases = test.build(histories);
  const warm = new Set(trained.rows);
  return {
    items: items.length,
    train: trained,
    validation: validation.build(histories),
    test: cases,
    testUsers: Uint32Array.from(test.users),
    coldTargets: cases.targets.reduce((sum, row) => sum + (warm.has(row) ? 0 : 1), 0),
    droppedUsers: interactions.users.length - test.users.length,
  };
}

/**
 * Leave-one-out: the last item of a user is the test target, the one before it validation, everything else training. Somebody with
 * two items is tested and not validated; with one, only learned from.
 */
export function leaveOneOut(interactions: Interactions): Split {
  const { histories } = interactions;
  const train: Stretch[] = [];
  const validation = new CaseBuilder();
  const test = new CaseBuilder();
  for (let user = 0; user < interactions.users.length; user++) {
    const { start, end } = stretchOf(histories, user);
    const count = end - start;
    if (count < 2) {
      train.push({ start, end });
      continue;
    }
    const target = (event: number): number[] => [...histories.rows.subarray(event, event + 1)];
    test.add(user, { start, end: end - 1 }, target(end - 1));
    if (count > 2) validation.add(user, { start, end: end - 2 }, target(end - 2));
    train.push({ start, end: count > 2 ? end - 2 : end - 1 });
  }
  return finish(interactions, train, validation, test);
}

export interface TemporalOptions {
  /** Milliseconds since 1970: events from here on are the test. */
  testFrom: number;
  /** Events from here to `testFrom` are the validation. */
  validationFrom: number;
}

/**
 * Temporal: the targets are the distinct items of a user's first basket of the test period; only users who are known and have a
 * history before it are asked. Validation is the same one period earlier.
 */
export function temporal(interactions: Interactions, { testFrom, validationFrom }: TemporalOptions): Split {
  if (!(validationFrom < testFrom)) refuse('validationFrom', 'a time before testFrom', new Date(validationFrom).toISOString());
  const { histories } = interactions;
  const train: Stretch[] = [];
  const validation = new CaseBuilder();
  const test = new CaseBuilder();
  for (let user = 0; user < interactions.users.length; user++) {
    const { start, end } = stretchOf(histories, user);
    const validationStart = firstFrom(histories.times, start, end, validationFrom);
    const testStart = firstFrom(histories.times, start, end, testFrom);
    if (validationStart > start) train.push({ start, end: validationStart });
    if (interactions.anonymous?.[user] === 1) continue;
    if (validationStart > start && validationStart < testStart) {
      validation.add(user, { start, end: validationStart }, firstBasket(interactions, validationStart, testStart));
    }
    if (testStart > start && testStart < end) test.add(user, { start, end: testStart }, firstBasket(interactions, testStart, end));
  }
  return finish(interactions, train, validation, test);
}

/** The first event of start .. end that is not before a time. */
function firstFrom(times: Float64Array, start: number, end: number, time: number): number {
  let event = start;
  while (event < end && (times[event] ?? 0) < time) event++;
  return event;
}

/** Distinct rows of the basket that the event at `start` belongs to. */
function firstBasket({ histories, baskets }: Interactions, start: number, end: number): Set<number> {
  const rows = new Set<number>();
  for (let event = start; event < end; event++) {
    const same = event === start || (baskets !== undefined && baskets[event] === baskets[start]);
    const row = histories.rows[event];
    if (same && row !== undefined) rows.add(row);
  }
  return rows;
}
