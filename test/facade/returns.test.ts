import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countReturns } from '../../src/learn/returns.js';
import { type Event, histories, NONE } from './histories.js';

const ITEMS = 6;
const CREDITED = 30;

/** Every pair of an item and a later moment of the same shopper, one after the other. */
function byHand(users: readonly (readonly Event[])[]): number[] | null {
  const chances = new Array<number>(ITEMS).fill(0);
  const taken = new Array<number>(ITEMS).fill(0);
  for (const events of users) {
    const kept = events.filter(([row, weight]) => weight > 0 && row < ITEMS);
    const moments = [...new Set(kept.map(([, , time]) => time))];
    for (const moment of moments)
      for (let row = 0; row < ITEMS; row++) {
        if (!kept.some((event) => event[0] === row && event[2] < moment)) continue;
        chances[row] = (chances[row] ?? 0) + 1;
        if (kept.some((event) => event[0] === row && event[2] === moment)) taken[row] = (taken[row] ?? 0) + 1;
      }
  }
  const all = taken.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const usual = all / chances.reduce((sum, count) => sum + count, 0);
  return taken.map((count, row) => (count + CREDITED * usual) / ((chances[row] ?? 0) + CREDITED));
}

describe('how often items are taken again', () => {
  it('counts the later moments of those who had an item', () => {
    const users: Event[][] = [
      // 0 comes back at one of two chances, twice at one moment; 1 has one chance, not taken.
      [
        [0, 1, 10],
        [1, 1, 20],
        [0, 1, 30],
        [0, 1, 30],
        [2, -1, 40],
        [NONE, 0, 50],
      ],
      // Everything at one moment: no chance.
      [
        [2, 1, 10],
        [2, 1, 10],
        [3, 1, 10],
      ],
    ];
    const usual = 1 / 3;
    const returns = countReturns(4, histories(users));
    expect(returns?.[0]).toBeCloseTo((1 + CREDITED * usual) / (2 + CREDITED), 6);
    expect(returns?.[1]).toBeCloseTo((CREDITED * usual) / (1 + CREDITED), 6);
    expect(returns?.[2]).toBeCloseTo(usual, 6);
    expect(returns?.[3]).toBeCloseTo(usual, 6);
    expect(countReturns(4, histories(users.slice(1)))).toBeNull();
    expect(countReturns(4, histories([]))).toBeNull();
  });

  it('is what counting pair by pair finds', () => {
    const event = fc.tuple(fc.nat(ITEMS), fc.constantFrom(-1, 0, 1, 2), fc.nat(5));
    const user = fc.array(event, { maxLength: 14 }).map((events) => events.sort((a, b) => a[2] - b[2]));
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), (users) => {
        const told = countReturns(ITEMS, histories(users));
        const expected = byHand(users);
        expect(told === null).toBe(expected === null);
        for (const [row, share] of (expected ?? []).entries()) {
          expect(told?.[row]).toBeCloseTo(share, 5);
          expect(told?.[row]).toBeGreaterThan(0);
          expect(told?.[row]).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
