import { describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSequences } from '../../src/evaluate/data/sequences.js';
import { groupByUser, type Interaction, type Interactions, Numbering, shuffleTies } from '../../src/evaluate/interactions.js';
import { monthBefore, periodsOf, prepareSplit } from '../../src/evaluate/protocols.js';
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

  test('where months would leave little to learn from, test and validation are a fifth of the time each', () => {
    const at = (month: number, date: number): number => Date.UTC(2024, month - 1, date);
    // Fifty days: a month before a month before the last of them nothing had happened.
    expect(periodsOf(at(1, 1), at(2, 20), {})).toEqual([at(2, 10), at(1, 31)]);
    expect(periodsOf(at(1, 1), at(12, 31), {})).toEqual([at(11, 30), at(10, 30)]);
    expect(periodsOf(at(1, 1), at(2, 20), { testFrom: at(2, 15) })).toEqual([at(2, 15), at(1, 15)]);
    expect(periodsOf(at(1, 1), at(2, 20), { testFrom: at(2, 5) })).toEqual([at(2, 5), at(1, 21)]);
    expect(periodsOf(at(1, 1), at(2, 20), { validationFrom: at(1, 5) })).toEqual([at(1, 20), at(1, 5)]);
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

/** A folder with these files, for the time of one call. */
async function inFolder<T>(files: Record<string, string>, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kairank-data-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('prefixes', () => {
  const train = `${Array.from({ length: 19 }, (_, session) => `a${session} b c`).join('\n')}\nx y a x\n`;

  test('every prefix of the last tenth of the sessions is a case, and so is every line of the test', async () => {
    const { split, excludeSeen, interactions } = await inFolder(
      { 'train_sessions.txt': train, 'test_input_target.txt': 'x y\ta\nq\tb\n' },
      (folder) => prepareSplit(folder, { format: 'sessions', seed: 1 }),
    );
    expect(excludeSeen).toBe(false);
    expect(split.refits).toBe(false);
    expect(lists(split.train, interactions.items)).toHaveLength(18);
    expect(lists(split.everything, interactions.items)).toHaveLength(20);
    expect(cases(split.validation, interactions.items)).toEqual([
      ['a18', 'b'],
      ['a18 b', 'c'],
      ['x', 'y'],
      ['x y', 'a'],
      ['x y a', 'x'],
    ]);
    expect(cases(split.test, interactions.items)).toEqual([
      ['x y', 'a'],
      ['q', 'b'],
    ]);
    // a is named by the validation alone.
    expect(split.coldTargets).toBe(1);
    // Later sessions are later in time, the tests after all of them.
    const starts = Array.from(split.train.offsets.subarray(0, -1), (offset) => split.train.times[offset] ?? 0);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(Math.min(...split.test.histories.times)).toBeGreaterThan(Math.max(...split.everything.times));
  });

  test('a file without sessions is named', async () => {
    await expect(
      inFolder({ 'train_sessions.txt': train, 'test_input_target.txt': '\n' }, (folder) =>
        prepareSplit(folder, { format: 'sessions', seed: 1 }),
      ),
    ).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining('test_input_target.txt') as string });
  });
});

describe('holdout', () => {
  const items = Array.from({ length: 30 }, (_, item) => `i${item}`);
  const files = {
    'train.txt': `u0 ${items.join(' ')}\nu1 i1 i2 i3\nu2 i4\n`,
    'test.txt': 'u0 n1 n2\nu2 i9\n',
  };
  const prepare = (seed: number) => inFolder(files, (folder) => prepareSplit(folder, { format: 'lightgcn', seed }));

  test('a seeded tenth of what somebody has is validation; models are fitted on all of it', async () => {
    const { split, excludeSeen, interactions } = await prepare(1);
    expect(excludeSeen).toBe(true);
    expect(split.refits).toBe(true);
    const held = cases(split.validation, interactions.items);
    expect(held.map(([, targets]) => targets.split(' ').length)).toEqual([3, 1]);
    for (const [user, [history, targets]] of held.entries()) {
      const all = [...history.split(' '), ...targets.split(' ')].sort();
      expect(all).toEqual((user === 0 ? [...items] : ['i1', 'i2', 'i3']).sort());
    }
    expect(lists(split.everything, interactions.items).map((list) => list.length)).toEqual([30, 3, 1]);
    expect(cases(split.test, interactions.items).map(([, targets]) => targets)).toEqual(['n1 n2', 'i9']);
    expect(split.coldTargets).toBe(2);
    expect(describeSplit((await prepare(1)).split, interactions.items)).toEqual(describeSplit(split, interactions.items));
    expect(describeSplit((await prepare(2)).split, interactions.items)).not.toEqual(describeSplit(split, interactions.items));
  });

  test('a user of the test whom train does not know is named', async () => {
    await expect(
      inFolder({ ...files, 'test.txt': 'u9 i1\n' }, (folder) => prepareSplit(folder, { format: 'lightgcn', seed: 1 })),
    ).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining('u9') as string });
  });
});

describe('a goal', () => {
  const event = (user: string, item: string, type: string, day: number): string =>
    JSON.stringify({ user, item, type, at: new Date(Date.UTC(2026, 0, 1 + day)).toISOString() });
  const lines = [
    event('u', 'a', 'view', 0),
    event('u', 'a', 'purchase', 1),
    event('u', 'b', 'dismiss', 20),
    event('u', 'b', 'view', 21),
    event('u', 'c', 'purchase', 22),
    event('u', 'd', 'view', 40),
    event('u', 'e', 'purchase', 41),
    event('u', 'f', 'purchase', 42),
    event('v', 'a', 'view', 2),
    event('v', 'd', 'view', 40),
  ].join('\n');

  test('is what is asked for; all else is history', async () => {
    const path = write('goal.jsonl', `${lines}\n`);
    const prepared = await prepareSplit(path, {
      format: 'events',
      goal: 'purchase',
      seed: 1,
      testFrom: Date.UTC(2026, 0, 31),
      validationFrom: Date.UTC(2026, 0, 15),
    });
    const { items } = prepared.interactions;
    expect(cases(prepared.split.validation, items)).toEqual([['a a', 'c']]);
    expect(cases(prepared.split.test, items)).toEqual([['a a b b c', 'e']]);
    expect(prepared.settings).toMatchObject({ goal: 'purchase', target: 'distinct items of the first purchase from testFrom' });
  });

  test('is one of the types, and of events over time', async () => {
    const path = write('goal2.jsonl', `${lines}\n`);
    await expect(prepareSplit(path, { format: 'events', goal: 'buying', seed: 1 })).rejects.toMatchObject({ field: 'goal' });
    await expect(prepareSplit(path, { format: 'sequences', goal: 'purchase', seed: 1 })).rejects.toMatchObject({ field: 'goal' });
  });
});
