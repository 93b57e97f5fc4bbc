import { describe, expect, test } from 'vitest';
import { readSequences } from '../../src/evaluate/data/sequences.js';
import { groupByUser, type Interaction, type Interactions, Numbering, shuffleTies } from '../../src/evaluate/interactions.js';
import { monthBefore, prepareSplit } from '../../src/evaluate/protocols.js';
import { leaveOneOut, type Split, temporal } from '../../src/evaluate/splits.js';
import type { NativeCases, NativeHistories } from '../../src/native.js';
import { scratch } from './scratch.js';

const { write } = scratch();

/** Histories as lists of item ids. */
function lists(histories: NativeHistories, items: readonly string[]): string[][] {
  return Array.from({ length: histories.offsets.length - 1 }, (_, user) =>
    [...histories.rows.subarray(histories.offsets[user], histories.offsets[user + 1])].map((row) => items[row] ?? '?'),
  );
}

function cases(from: NativeCases, items: readonly string[]): [history: string, targets: string][] {
  const histories = lists(from.histories, items);
  return histories.map((history, index) => [
    history.join(' '),
    [...from.targets.subarray(from.targetOffsets[index], from.targetOffsets[index + 1])].map((row) => items[row]).join(' '),
  ]);
}

/** `user item day basket` lines. */
function interactions(text: string, anonymous: string[] = []): Interactions {
  const users = new Numbering();
  const items = new Numbering();
  const baskets = new Numbering();
  const list: Interaction[] = text
    .trim()
    .split('\n')
    .map((line) => {
      const [user = '', item = '', day = '', basket = ''] = line.trim().split(' ');
      return { user: users.of(user), row: items.of(item), type: 7, weight: 1, at: Number(day) * 86_400_000, basket: baskets.of(basket) };
    });
  return {
    users: users.names,
    items: items.names,
    ...groupByUser(list, users.names.length),
    anonymous: Uint8Array.from(users.names, (name) => (anonymous.includes(name) ? 1 : 0)),
    timed: true,
    rejected: {},
  };
}

function describeSplit(split: Split, items: readonly string[]): object {
  return {
    train: lists(split.train, items).map((list) => list.join(' ')),
    validation: cases(split.validation, items),
    test: cases(split.test, items),
  };
}

describe('leave-one-out', () => {
  test('the last item is the test, the one before it validation, which is input to the test', async () => {
    const data = await readSequences(write('s.txt', 'u1 a b c d\nu2 c a\nu3 b\nu4 a b e\n'), { gaps: null });
    const split = leaveOneOut(data);
    expect(describeSplit(split, data.items)).toEqual({
      train: ['a b', 'c', 'b', 'a'],
      validation: [
        ['a b', 'c'],
        ['a', 'b'],
      ],
      test: [
        ['a b c', 'd'],
        ['c', 'a'],
        ['a b', 'e'],
      ],
    });
    // d and e are only ever asked for.
    expect(split.coldTargets).toBe(2);
    expect(split.droppedUsers).toBe(1);
    expect([...split.testUsers]).toEqual([0, 1, 3]);
  });
});

describe('sequence files', () => {
  test('the gaps beside them become times, the first gap counts for nothing', async () => {
    const path = write('sequences.txt', 'u1 a b c\nu2 d e\n');
    write('timegaps.txt', 'u1 a b c\t77 0 60\nu2 d e\t0 5\n');
    const data = await readSequences(path);
    expect(data.timed).toBe(true);
    expect([...data.histories.times]).toEqual([0, 0, 60_000, 0, 5000]);
  });

  test('gaps that do not fit, users named twice, and files that are none are refused by line', async () => {
    const path = write('t.txt', 'u1 a b c\nu2 d e\n');
    await expect(readSequences(path, { gaps: write('g1.txt', 'u1 a b c\t0 0 60\nu2 d e\t0\n') })).rejects.toMatchObject({
      code: 'KAIRANK_CORRUPT_FILE',
    });
    await expect(readSequences(path, { gaps: write('g2.txt', 'u1 a b c\t0 0 60\n') })).rejects.toMatchObject({
      code: 'KAIRANK_CORRUPT_FILE',
    });
    await expect(readSequences(write('twice.txt', 'u1 a\nu1 b\n'))).rejects.toThrow(/line 2 .*u1/);
    await expect(readSequences(write('none.txt', 'alone\n'))).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
  });

  test('shuffled ties keep each moment’s items together, and the seed repeats them', async () => {
    const path = write('ties.txt', `u ${Array.from({ length: 12 }, (_, item) => `i${item}`).join(' ')}\n`);
    const gaps = write('ties-gaps.txt', `u ${Array.from({ length: 12 }, (_, item) => `i${item}`).join(' ')}\t0 0 0 9 0 0 0 0 5 0 0 0\n`);
    const data = await readSequences(path, { gaps });
    const order = (seed: number): string[] => lists(shuffleTies(data, seed).histories, data.items)[0] ?? [];
    const sets = (list: string[]): string[][] => [list.slice(0, 3), list.slice(3, 8), list.slice(8)].map((part) => [...part].sort());
    expect(sets(order(1))).toEqual(sets(lists(data.histories, data.items)[0] ?? []));
    expect(order(1)).toEqual(order(1));
    expect(new Set([1, 2, 3, 4, 5, 6].map((seed) => order(seed).join()))).not.toHaveLength(1);
    expect(lists(data.histories, data.items)[0]?.[0]).toBe('i0');
  });
});

describe('temporal', () => {
  const data = interactions(
    `
    ann a 1 b1
    ann b 5 b2
    ann c 12 b3
    ann d 12 b3
    ann e 13 b4
    ann a 22 b5
    ann c 22 b5
    ann a 22 b5
    ann x 23 b6
    bob a 2 b7
    bob f 21 b8
    eve g 25 b9
    cat b 15 b10
    cat a 30 b11
    nobody a 3 b12
    nobody b 21 b13`,
    ['nobody'],
  );
  const day = (number: number): number => number * 86_400_000;

  test('targets are the distinct items of the first basket of the period, for those who are known and have a history', () => {
    const split = temporal(data, { testFrom: day(20), validationFrom: day(10) });
    expect(describeSplit(split, data.items)).toEqual({
      // cat came after validation began: nothing of hers is learned from.
      train: ['a b', 'a', 'a'],
      validation: [['a b', 'c d']],
      test: [
        ['a b c d e', 'a c'],
        ['a', 'f'],
        ['b', 'a'],
      ],
    });
    expect(split.coldTargets).toBe(2);
    expect(split.droppedUsers).toBe(2);
  });

  test('an event at the very moment belongs to the later part', () => {
    const split = temporal(data, { testFrom: day(22), validationFrom: day(12) });
    expect(cases(split.validation, data.items)[0]).toEqual(['a b', 'c d']);
    expect(cases(split.test, data.items)[0]).toEqual(['a b c d e', 'a c']);
  });

  test('a validation that does not come before the test is refused', () => {
    expect(() => temporal(data, { testFrom: day(10), validationFrom: day(10) })).toThrow(/validationFrom/);
  });

  test('by default the test is the last month and validation the month before', async () => {
    expect(new Date(monthBefore(Date.UTC(2010, 11, 9, 20, 1))).toISOString()).toBe('2010-11-09T00:00:00.000Z');
    expect(new Date(monthBefore(Date.UTC(2024, 2, 31))).toISOString()).toBe('2024-02-29T00:00:00.000Z');
    const rows = ['user,item,at', 'u1,a,2024-01-05', 'u1,b,2024-02-20', 'u1,c,2024-03-15', 'u2,a,2024-03-31'];
    const path = write('events.csv', rows.join('\n'));
    const prepared = await prepareSplit(path, { format: 'events', mapping: { map: { user: 'user', item: 'item', at: 'at' } }, seed: 1 });
    expect(prepared.settings).toMatchObject({ testFrom: '2024-02-29T00:00:00.000Z', validationFrom: '2024-01-29T00:00:00.000Z' });
    expect(cases(prepared.split.test, prepared.interactions.items)).toEqual([['a b', 'c']]);
    expect(prepared.excludeSeen).toBe(false);
  });
});

describe('protocols', () => {
  test('options that do not fit together are refused by name', async () => {
    const path = write('plain.txt', 'u1 a b\n');
    const gaps = { gaps: write('plain-gaps.txt', 'u1 a b\t0 0\n') };
    await expect(prepareSplit(path, { format: 'sequences', protocol: 'temporal', seed: 1, ...gaps })).rejects.toMatchObject({
      field: 'protocol',
    });
    await expect(prepareSplit(path, { format: 'events', seed: 1 })).rejects.toMatchObject({ field: 'map' });
  });
});
