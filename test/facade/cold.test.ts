import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coldItems } from '../../src/evaluate/cold.js';
import { groupByUser, type Interaction, type Interactions } from '../../src/evaluate/interactions.js';
import { prepareSplit } from '../../src/evaluate/protocols.js';
import type { Split } from '../../src/evaluate/splits.js';
import type { NativeCases, NativeHistories } from '../../src/native.js';
import { scratch } from './scratch.js';

const { write } = scratch();

/** Users with these rows, in this order. Items are called by letters that do not stand in the order of the rows. */
function interactionsOf(users: readonly (readonly number[])[], items: number, anonymous?: Uint8Array): Interactions {
  const events = users.flatMap((rows, user) =>
    rows.map((row, at): Interaction => ({ user, row, type: 7, weight: 1 + (row % 3), at: at * 1000, basket: at })),
  );
  return {
    users: users.map((_, user) => `u${user}`),
    items: Array.from({ length: items }, (_, row) => `i${(row * 7) % 1000}`),
    ...groupByUser(events, users.length),
    baskets: undefined,
    anonymous,
    timed: true,
    rejected: {},
  };
}

function lists({ offsets, rows }: NativeHistories): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, user) => [...rows.subarray(offsets[user], offsets[user + 1])]);
}

function asked({ histories, targets, targetOffsets }: NativeCases): [history: number[], target: number[]][] {
  return lists(histories).map((history, index) => [history, [...targets.subarray(targetOffsets[index], targetOffsets[index + 1])]]);
}

/** The cases by their definition. */
function byDefinition(users: readonly (readonly number[])[], held: ReadonlySet<number>): [history: number[], target: number[]][] {
  return users.flatMap((rows): [number[], number[]][] => {
    const first = rows.findIndex((row) => held.has(row));
    return first > 0 ? [[rows.slice(0, first), rows.slice(first, first + 1)]] : [];
  });
}

const without = (users: readonly (readonly number[])[], held: ReadonlySet<number>): number[][] =>
  users.map((rows) => rows.filter((row) => !held.has(row)));
const notEmpty = (users: readonly number[][]): number[][] => users.filter((rows) => rows.length > 0);

function heldOut({ coldItems: cold }: Split): { rows: Set<number>; validationRows: Set<number>; droppedCases: number } {
  if (!cold) throw new Error('the split has no cold items');
  return { ...cold, rows: new Set(cold.rows), validationRows: new Set(cold.validationRows) };
}

describe('cold items', () => {
  test('a worked example: one item is held out, one more for validation', () => {
    // Four items, a share of 0.3: one is held out (1.2), and one of the three that are left (0.9).
    const users = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 1, 2], [2], [3, 3, 0, 2]];
    const split = coldItems(interactionsOf(users, 4), { share: 0.3, seed: 5 });
    const { rows, validationRows } = heldOut(split);
    const [test] = rows;
    const [validation] = validationRows;
    expect([rows.size, validationRows.size]).toEqual([1, 1]);
    expect(test).not.toBe(validation);
    // What is asked follows from which two they are; here by hand for each choice of the first.
    const expected: Record<number, { cases: [number[], number[]][]; dropped: number }> = {
      0: {
        cases: [
          [[3, 2, 1], [0]],
          [[1], [0]],
          [[3, 3], [0]],
        ],
        dropped: 1,
      },
      1: {
        cases: [
          [[0], [1]],
          [[3, 2], [1]],
        ],
        dropped: 1,
      },
      2: {
        cases: [
          [[0, 1], [2]],
          [[3], [2]],
          [[1, 0, 1], [2]],
          [[3, 3, 0], [2]],
        ],
        dropped: 1,
      },
      3: { cases: [[[0, 1, 2], [3]]], dropped: 2 },
    };
    expect(asked(split.test)).toEqual(expected[test ?? -1]?.cases);
    expect(split.coldItems?.droppedCases).toBe(expected[test ?? -1]?.dropped);
    expect(split.droppedUsers).toBe(users.length - split.testUsers.length);
  });

  test('nothing of the held-out items is anywhere but in the targets, whatever the data', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }).chain((items) =>
          fc.record({
            items: fc.constant(items),
            users: fc.array(fc.array(fc.integer({ min: 0, max: items - 1 }), { maxLength: 9 }), { minLength: 1, maxLength: 12 }),
          }),
        ),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        ({ items, users }, share, seed) => {
          const split = coldItems(interactionsOf(users, items), { share, seed });
          const { rows, validationRows, droppedCases } = heldOut(split);
          expect(rows.size).toBe(Math.max(1, Math.round(share * items)));
          for (const row of validationRows) expect(rows.has(row)).toBe(false);
          const everything = without(users, rows);
          expect(lists(split.everything)).toEqual(notEmpty(everything));
          expect(lists(split.train)).toEqual(notEmpty(without(everything, validationRows)));
          expect(asked(split.test)).toEqual(byDefinition(users, rows));
          expect(asked(split.validation)).toEqual(byDefinition(everything, validationRows));
          expect(droppedCases).toBe(users.filter(([first]) => first !== undefined && rows.has(first)).length);
          expect(split.coldTargets).toBe(split.test.targets.length);
          // Weights go with their events.
          for (const part of [split.train, split.everything, split.test.histories, split.validation.histories])
            expect([...part.weights]).toEqual([...part.rows].map((row) => 1 + (row % 3)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the seed and the ids draw the items, not the order of the events', () => {
    const users = Array.from({ length: 10 }, (_, user) => Array.from({ length: 20 }, (_, place) => (user + place) % 40));
    const data = interactionsOf(users, 40);
    const named = (interactions: Interactions, seed: number): string[] =>
      [...heldOut(coldItems(interactions, { share: 0.2, seed })).rows].map((row) => interactions.items[row] ?? '?').sort();
    const turned = { ...data, items: [...data.items].reverse() };
    expect(named(data, 3)).toHaveLength(8);
    expect(named(data, 3)).toEqual(named(data, 3));
    expect(named(turned, 3)).toEqual(named(data, 3));
    expect(named(data, 4)).not.toEqual(named(data, 3));
  });

  test('nobody is asked about those whom nobody knows', () => {
    const users = Array.from({ length: 6 }, (_, user) => [0, 1, 2, 3].map((row) => (row + user) % 4));
    const split = coldItems(interactionsOf(users, 4, Uint8Array.of(1, 0, 1, 0, 1, 0)), { share: 0.25, seed: 1 });
    expect(split.testUsers.length).toBeGreaterThan(0);
    expect([...split.testUsers].every((user) => user % 2 === 1)).toBe(true);
    expect(lists(split.everything)).toHaveLength(6);
  });

  test.each([0, 1, -0.5, Number.NaN])('a share of %d is refused', (share) => {
    expect(() => coldItems(interactionsOf([[0, 1]], 2), { share, seed: 1 })).toThrow(/coldItems: expected a share above 0 and below 1/);
  });
});

describe('as a protocol', () => {
  test('the share asks for it, and items come with the split', async () => {
    const path = write('s.txt', 'u1 a b c d\nu2 d c b a\nu3 b a\n');
    const items = write('i.csv', 'id,title\na,Green tea\nb,Black tea\nc,A pot\n');
    const prepared = await prepareSplit(path, { format: 'sequences', coldItems: 0.25, seed: 1, items });
    expect(prepared).toMatchObject({ protocol: 'cold-items', excludeSeen: true, settings: { coldShare: 0.25 } });
    expect(prepared.split.coldItems?.rows).toHaveLength(1);
    expect(prepared.split.records).toMatchObject({ missing: 1, fields: [{ name: 'title', kind: 'text' }] });
    const named = await prepareSplit(path, { format: 'sequences', protocol: 'cold-items', seed: 1 });
    expect(named.settings).toMatchObject({ coldShare: 0.1 });
    expect(named.split.records).toBeUndefined();
  });

  test('it is one protocol, and not for data that have one of their own', async () => {
    const path = write('t.txt', 'u1 a b\n');
    for (const options of [{ format: 'sequences', protocol: 'leave-one-out' }, { format: 'sessions' }, { format: 'lightgcn' }] as const)
      await expect(prepareSplit(path, { ...options, coldItems: 0.1, seed: 1 })).rejects.toMatchObject({ field: 'protocol' });
  });
});
