/** Splits of interactions into what is learned from, what chooses the settings, and what is asked at the end. */

import type { Goals } from '../learn/goals.js';
import type { NativeCases, NativeHistories } from '../native.js';
import { refuse } from '../options.js';
import { EVENT_TYPES } from '../shopper/events.js';
import type { ItemRecords } from './data/items.js';
import { sessionTime } from './data/sessions.js';
import { emptyHistories, type Interactions, type Stretch, stretchOf, takeStretches } from './interactions.js';
import { Random } from './random.js';
import type { Period } from '../learn/period.js';

/** Rows in all parts are those of the interactions; nothing of test is in train or in the targets of validation. */
export interface Split {
  /** Number of item rows. */
  items: number;
  train: NativeHistories;
  validation: NativeCases;
  /** Train and what validation held back: what models are fitted on where they are fitted again; test is not in it. */
  everything: NativeHistories;
  /** Whether the protocol itself fits the chosen settings on everything before it asks. */
  refits: boolean;
  /** Histories hold everything before the targets: what validation asks for is input here, and taught nowhere. */
  test: NativeCases;
  /** The user row of each validation case, and of each test case. */
  validationUsers: Uint32Array;
  testUsers: Uint32Array;
  /** Test targets that never occur in train. */
  coldTargets: number;
  /** Users that no test case could be made of. */
  droppedUsers: number;
  /** When validation takes place, where it asks what everybody takes from one moment on. */
  period?: Period;
  /** Items of which nothing is learned, where the protocol asks about them alone (see cold.ts). */
  coldItems?: ColdItems;
  /** What the catalogue says of the items, by row; absent where nobody gave it. */
  records?: ItemRecords;
  /** What validation and test ask for, where that is not whatever speaks for an item. */
  goals?: Goals;
}

/** Items that are held out with all their events; rows ascend. */
export interface ColdItems {
  /** Targets of the test are among these, and no other part of the split has an event of them. */
  rows: Uint32Array;
  /** Targets of the validation are among these, and train has no event of them. */
  validationRows: Uint32Array;
  /** Users whose first event of a held-out item has nothing before it. */
  droppedCases: number;
}

/** Cases that grow one by one. */
export class CaseBuilder {
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

/** Targets that nobody did anything with in training. */
function coldTargets({ targets }: NativeCases, train: NativeHistories): number {
  const warm = new Set(train.rows);
  return targets.reduce((sum, row) => sum + (warm.has(row) ? 0 : 1), 0);
}

/** @param everything stretches of train and validation together. */
function finish(interactions: Interactions, train: Stretch[], everything: Stretch[], validation: CaseBuilder, test: CaseBuilder): Split {
  const { histories, items } = interactions;
  const trained = takeStretches(histories, train);
  const cases = test.build(histories);
  return {
    items: items.length,
    train: trained,
    validation: validation.build(histories),
    everything: takeStretches(histories, everything),
    refits: false,
    test: cases,
    validationUsers: Uint32Array.from(validation.users),
    testUsers: Uint32Array.from(test.users),
    coldTargets: coldTargets(cases, trained),
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
  const everything: Stretch[] = [];
  const validation = new CaseBuilder();
  const test = new CaseBuilder();
  for (let user = 0; user < interactions.users.length; user++) {
    const { start, end } = stretchOf(histories, user);
    everything.push({ start, end: end - start < 2 ? end : end - 1 });
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
  return finish(interactions, train, everything, validation, test);
}

export interface TemporalOptions {
  /** Milliseconds since 1970: events from here on are the test. */
  testFrom: number;
  /** Events from here to `testFrom` are the validation. */
  validationFrom: number;
  /** Index of the event type that is to be foretold; every type is history. Default: all types are both. */
  goal?: number | undefined;
}

/**
 * Temporal: the targets are the distinct items of a user's first basket of the test period; only users who are known and have a
 * history before it are asked. Validation is the same one period earlier.
 */
export function temporal(interactions: Interactions, { testFrom, validationFrom, goal }: TemporalOptions): Split {
  if (!(validationFrom < testFrom)) refuse('validationFrom', 'a time before testFrom', new Date(validationFrom).toISOString());
  const { histories } = interactions;
  const train: Stretch[] = [];
  const everything: Stretch[] = [];
  const validation = new CaseBuilder();
  const test = new CaseBuilder();
  for (let user = 0; user < interactions.users.length; user++) {
    const { start, end } = stretchOf(histories, user);
    const validationStart = firstFrom(histories.times, start, end, validationFrom);
    const testStart = firstFrom(histories.times, start, end, testFrom);
    if (validationStart > start) train.push({ start, end: validationStart });
    if (testStart > start) everything.push({ start, end: testStart });
    if (interactions.anonymous?.[user] === 1) continue;
    const asked = (history: number, from: number, to: number, cases: CaseBuilder): void => {
      const first = goal === undefined ? from : firstOfType(histories.types, from, to, goal);
      if (history > start && first < to) cases.add(user, { start, end: history }, firstBasket(interactions, first, to, goal));
    };
    asked(validationStart, validationStart, testStart, validation);
    asked(testStart, testStart, end, test);
  }
  const period = { from: validationFrom, length: testFrom - validationFrom };
  return { ...finish(interactions, train, everything, validation, test), period };
}

/** The first event of start .. end of a type; end where there is none. */
function firstOfType(types: Uint16Array, start: number, end: number, type: number): number {
  let event = start;
  while (event < end && types[event] !== type) event++;
  return event;
}

/** The first event of start .. end that is not before a time. */
function firstFrom(times: Float64Array, start: number, end: number, time: number): number {
  let event = start;
  while (event < end && (times[event] ?? 0) < time) event++;
  return event;
}

/** Distinct rows of the basket that the event at `start` belongs to, of one type where a goal is given. */
function firstBasket({ histories, baskets }: Interactions, start: number, end: number, goal: number | undefined): Set<number> {
  const rows = new Set<number>();
  for (let event = start; event < end; event++) {
    const same = event === start || (baskets !== undefined && baskets[event] === baskets[start]);
    const row = histories.rows[event];
    if (goal !== undefined && histories.types[event] !== goal) continue;
    if (same && row !== undefined) rows.add(row);
  }
  return rows;
}

/**
 * Holdout: a seeded tenth of each user's training items (at least one of those with two or more) is validation, the file of test
 * items the test. Models are fitted on all of train with the settings that were chosen: without it nobody's last items count.
 */
export function holdout(interactions: Interactions, tests: readonly (readonly number[])[], seed: number): Split {
  const { histories } = interactions;
  const rows = histories.rows.slice();
  const train: Stretch[] = [];
  const everything: Stretch[] = [];
  const validation = new CaseBuilder();
  const test = new CaseBuilder();
  for (let user = 0; user < interactions.users.length; user++) {
    const { start, end } = stretchOf(histories, user);
    const held = end - start < 2 ? 0 : Math.max(1, Math.round((end - start) / HELD_OUT));
    // Who keeps what is drawn; the order that is left says nothing, as the order of the file does not.
    new Random(seed, user).shuffle(rows, start, end);
    train.push({ start, end: end - held });
    everything.push({ start, end });
    if (held > 0) validation.add(user, { start, end: end - held }, rows.subarray(end - held, end));
    const targets = tests[user] ?? [];
    if (targets.length > 0 && end > start) test.add(user, { start, end }, targets);
  }
  const split = finish({ ...interactions, histories: { ...histories, rows } }, train, everything, validation, test);
  return { ...split, refits: true, coldTargets: coldTargets(split.test, split.everything) };
}

/** One of so many training items is held out. */
const HELD_OUT = 10;

/**
 * Prefixes: sessions are in order of time, the last tenth of them validation. Every prefix of one is a case that asks for the item
 * after it.
 */
export function prefixes(interactions: Interactions, tests: readonly { history: Uint32Array; target: number }[]): Split {
  const { histories } = interactions;
  const sessions = interactions.users.length;
  const first = sessions - Math.floor(sessions / HELD_OUT);
  const all = Array.from({ length: sessions }, (_, session) => stretchOf(histories, session));
  const validation = new CaseBuilder();
  for (const [session, { start, end }] of all.entries()) {
    for (let target = start + 1; session >= first && target < end; target++) {
      validation.add(session, { start, end: target }, histories.rows.subarray(target, target + 1));
    }
  }
  const split = finish(interactions, all.slice(0, first), all, validation, new CaseBuilder());
  const test = casesOf(tests, sessions);
  return {
    ...split,
    test,
    testUsers: Uint32Array.from(tests.keys()),
    coldTargets: coldTargets(test, split.train),
    droppedUsers: 0,
  };
}

/** Cases of one target each, after so many sessions. */
function casesOf(tests: readonly { history: Uint32Array; target: number }[], after: number): NativeCases {
  const histories = emptyHistories(
    tests.length,
    tests.reduce((sum, { history }) => sum + history.length, 0),
  );
  for (const [index, { history }] of tests.entries()) {
    const start = histories.offsets[index] ?? 0;
    histories.rows.set(history, start);
    histories.offsets[index + 1] = start + history.length;
    for (let event = 0; event < history.length; event++) histories.times[start + event] = sessionTime(after + index, event);
  }
  histories.types.fill(EVENT_TYPES.indexOf('view'));
  histories.weights.fill(1);
  return {
    histories,
    targetOffsets: Float64Array.from([0, ...tests.keys()].map((_, index) => index)),
    targets: Uint32Array.from(tests, ({ target }) => target),
  };
}
