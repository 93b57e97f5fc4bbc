import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sliceHistories, sliceItems } from '../../src/learn/slice.js';
import { type Event, histories, listed, NONE } from './histories.js';

describe('the slice of single items', () => {
  const users: Event[][] = [
    // The last item has companions of its moment, and events after it that speak for nothing.
    [
      [1, 1, 10],
      [2, 1, 20],
      [3, 1, 30],
      [4, 1, 30],
      [5, 1, 30],
      [9, -1, 30],
      [NONE, 0, 40],
    ],
    // Too short.
    [
      [1, 1, 10],
      [2, 1, 20],
      [3, 0, 30],
    ],
    // Times unknown, and the item was there before.
    [
      [6, 1, 0],
      [7, 2, 0],
      [6, 1, 0],
    ],
  ];

  it('asks for the last item alone: what came with it stays before it', () => {
    const { train, validation } = sliceItems(histories(users), 100, 1, false);
    expect(listed(train)).toEqual([users[0]?.slice(0, 4), users[1], users[2]?.slice(0, 2)]);
    expect(validation && listed(validation.histories)).toEqual([users[0]?.slice(0, 4), users[2]?.slice(0, 2)]);
    expect([...(validation?.targets ?? [])]).toEqual([5, 6]);
    expect([...(validation?.targetOffsets ?? [])]).toEqual([0, 1, 2]);
    // The whole basket is what baskets are asked for.
    expect([...(sliceHistories(histories(users), 100, 1).validation?.targets ?? [])]).toEqual([3, 4, 5, 6]);
  });

  it('keeps the item before it from training too, where it is to lag, and says it to the case', () => {
    const { train, validation } = sliceItems(histories(users), 100, 1, true);
    // The second has too few left to be cut again.
    expect(listed(train)).toEqual([users[0]?.slice(0, 3), users[1], users[2]?.slice(0, 2)]);
    expect(validation && listed(validation.histories)).toEqual([users[0]?.slice(0, 4), users[2]?.slice(0, 2)]);
    expect([...(validation?.targets ?? [])]).toEqual([5, 6]);
  });

  it('is cut at the last positive event of those who have three, whatever the events', () => {
    const event = fc.tuple(fc.nat(9), fc.constantFrom(-1, 0, 1, 2), fc.nat(4));
    const user = fc.array(event, { maxLength: 9 }).map((events) => events.sort((a, b) => a[2] - b[2]));
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), fc.boolean(), (all, lag) => {
        const { train, validation } = sliceItems(histories(all), 100, 3, lag);
        const cases: { before: Event[]; target: number }[] = [];
        const kept = all.map((events) => {
          const positives = events.flatMap(([, weight], at) => (weight > 0 ? [at] : []));
          const cut = positives.at(-1);
          if (positives.length < 3 || cut === undefined) return events;
          cases.push({ before: events.slice(0, cut), target: events[cut]?.[0] ?? NONE });
          return events.slice(0, lag && positives.length > 3 ? positives.at(-2) : cut);
        });
        expect(listed(train)).toEqual(kept);
        expect(validation ? listed(validation.histories) : []).toEqual(cases.map(({ before }) => before));
        expect([...(validation?.targets ?? [])]).toEqual(cases.map(({ target }) => target));
        expect([...(validation?.targetOffsets ?? [0])]).toEqual(Array.from({ length: cases.length + 1 }, (_, index) => index));
      }),
    );
  });

  it('draws no more shoppers than it may, those whose baskets would be drawn', () => {
    const all = histories(Array.from({ length: 200 }, (_, user) => [0, 1, 2, 3].map((index): Event => [(user + index) % 50, 1, index])));
    const { train, validation } = sliceItems(all, 30, 5, false);
    expect(validation?.targets).toHaveLength(30);
    expect(train.rows).toHaveLength(800 - 30);
    expect(validation).toEqual(sliceHistories(all, 30, 5).validation);
    expect(sliceItems(all, 0, 5, true)).toEqual({ train: all, validation: null });
  });
});
