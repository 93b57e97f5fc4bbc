import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodEarlier, sliceMoments } from '../../src/learn/period.js';
import { type Event, histories, listed, NONE } from './histories.js';

/** What each case knows and is asked for. */
function casesOf(validation: ReturnType<typeof sliceMoments>['validation']): { before: Event[]; targets: number[] }[] {
  if (!validation) return [];
  const { targetOffsets, targets } = validation;
  return listed(validation.histories).map((before, index) => ({
    before,
    targets: [...targets.subarray(targetOffsets[index], targetOffsets[index + 1])],
  }));
}

describe('lessons cut by time', () => {
  const users: Event[][] = [
    [
      [1, 1, 10],
      [2, 1, 50],
      // From 80 on: a basket after something that speaks against an item.
      [9, -1, 82],
      [3, 1, 85],
      [4, 1, 85],
      [9, -1, 85],
      [5, 1, 86],
      // From 90 on.
      [1, 1, 99],
    ],
    // Nothing before 80, and a case from 90 on.
    [
      [6, 1, 80],
      [NONE, 0, 91],
      [7, 1, 95],
    ],
    // Nobody comes back.
    [
      [8, 1, 1],
      [8, 1, 2],
      [8, 1, 3],
    ],
  ];

  it('asks for the first basket after a moment, and teaches what came before it', () => {
    // Before 80 there are 5 of 14 events: too few.
    const { train, validation } = sliceMoments(histories(users), { from: 100, length: 10 }, 100, 1);
    expect(listed(train)).toEqual([users[0]?.slice(0, 7), users[1]?.slice(0, 1), users[2]]);
    expect(casesOf(validation)).toEqual([
      { before: users[0]?.slice(0, 7), targets: [1] },
      { before: users[1]?.slice(0, 1), targets: [7] },
    ]);
  });

  it('leaves the models at least half of the events', () => {
    const padded = [...users, Array.from({ length: 20 }, (_, index): Event => [0, 1, index])];
    const { train, validation } = sliceMoments(histories(padded), { from: 100, length: 10 }, 100, 1);
    expect(listed(train)).toEqual([users[0]?.slice(0, 2), [], users[2], padded[3]]);
    expect(casesOf(validation)).toEqual([
      { before: users[0]?.slice(0, 2), targets: [3, 4] },
      { before: users[0]?.slice(0, 7), targets: [1] },
      { before: users[1]?.slice(0, 1), targets: [7] },
    ]);
  });

  it('asks for a goal alone where there is one, after whatever came before', () => {
    const all = histories([
      [
        [1, 1, 1],
        [2, 1, 2],
        [3, 1, 3],
        [4, 1, 12],
        [5, 1, 13],
        [6, 1, 13],
        [7, 1, 14],
      ],
    ]);
    all.types.set([2, 2, 2, 2, 3, 2, 3]);
    const only = (goal?: number): Map<number, number> | undefined => (goal === undefined ? undefined : new Map([[goal, 1]]));
    const period = { from: 20, length: 10 };
    const of = (goal?: number): number[] => [...(sliceMoments(all, period, 9, 1, only(goal)).validation?.targets ?? [])];
    expect(of()).toEqual([]);
    const longer = histories([...listed(all), [0, 1, 2, 3].map((index): Event => [0, 1, index])]);
    longer.types.set(all.types);
    const asked = (goal?: number): number[] => [...(sliceMoments(longer, period, 9, 1, only(goal)).validation?.targets ?? [])];
    expect(asked()).toEqual([4]);
    expect(asked(3)).toEqual([5]);
    expect(asked(9)).toEqual([]);
  });

  it('draws no more cases than it may, by seed, and none where no moment is early enough', () => {
    const many = histories(
      Array.from({ length: 60 }, (_, user) => [1, 2, 3, 15, 25].map((time, index): Event => [(user + index) % 50, 1, time])),
    );
    const draw = (limit: number, seed: number): ReturnType<typeof sliceMoments> =>
      sliceMoments(many, { from: 30, length: 10 }, limit, seed);
    const everybody = casesOf(draw(1000, 1).validation);
    expect(everybody).toHaveLength(120);
    const some = casesOf(draw(30, 1).validation);
    expect(some).toHaveLength(30);
    expect(everybody).toEqual(expect.arrayContaining(some));
    expect(draw(30, 1)).toEqual(draw(30, 1));
    expect(draw(30, 2).validation).not.toEqual(draw(30, 1).validation);
    expect(draw(0, 1)).toEqual({ train: many, validation: null });
    expect(sliceMoments(many, { from: 2, length: 1 }, 30, 1)).toEqual({ train: many, validation: null });
  });

  it('never teaches what a case is asked for, or anything after the first moment', () => {
    const event = fc.tuple(fc.nat(9), fc.constantFrom(-1, 0, 1, 2), fc.nat(40));
    const user = fc.array(event, { maxLength: 12 }).map((events) => events.sort((a, b) => a[2] - b[2]));
    fc.assert(
      fc.property(fc.array(user, { maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (all, length) => {
        const { train, validation } = sliceMoments(histories(all), { from: 40, length }, 1000, 3);
        if (!validation) return;
        const taught = listed(train);
        const total = all.flat().length;
        const first = [3, 2, 1]
          .map((count) => 40 - count * length)
          .find((moment, index) => {
            const kept = (count: number): boolean => all.flat().filter(([, , time]) => time < 40 - count * length).length >= total / 2;
            return Array.from({ length: 3 - index }, (_, before) => before + 1).every(kept) && moment === 40 - (3 - index) * length;
          });
        expect(taught).toEqual(all.map((events) => events.filter(([, , time]) => time < (first ?? Number.NaN))));
        const expected = all.flatMap((events) =>
          [3, 2, 1].flatMap((count) => {
            const moment = 40 - count * length;
            if (moment < (first ?? Number.NaN)) return [];
            const before = events.filter(([, , time]) => time < moment);
            const after = events.filter(([, weight, time]) => weight > 0 && time >= moment && time < moment + length);
            if (before.length === 0 || after.length === 0) return [];
            const basket = after.filter(([, , time]) => time === after[0]?.[2]);
            return [{ before, targets: [...new Set(basket.map(([row]) => row))] }];
          }),
        );
        expect(casesOf(validation)).toEqual(expected);
      }),
    );
  });
});

describe('what came a period before validation', () => {
  it('is what everybody had done by then, where that is half of it at least', () => {
    const users: Event[][] = [
      [
        [1, 1, 10],
        [2, 1, 50],
        [3, -1, 79],
        [4, 1, 80],
      ],
      [[5, 1, 95]],
      [
        [6, 1, 1],
        [7, 1, 79],
      ],
    ];
    const earlier = periodEarlier(histories(users), { from: 90, length: 10 });
    expect(earlier && listed(earlier)).toEqual([users[0]?.slice(0, 3), [], users[2]]);
    expect(periodEarlier(histories(users), { from: 60, length: 10 })).toBeNull();
  });
});
