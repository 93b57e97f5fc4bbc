import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSequences } from '../../src/evaluate/data/sequences.js';
import { foldsOf, takeFold } from '../../src/evaluate/folds.js';
import { foldsOfSplit, prepareSplit } from '../../src/evaluate/protocols.js';
import { leaveOneOut } from '../../src/evaluate/splits.js';
import { scratch } from './scratch.js';

const { write } = scratch();

test('folds are of equal sizes but for one, and the seed repeats them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 2, max: 10 }), fc.nat(), (users, folds, seed) => {
      fc.pre(folds <= users);
      const dealt = foldsOf(users, folds, seed);
      const sizes = Array.from({ length: folds }, (_, fold) => dealt.filter((own) => own === fold).length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(users);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(foldsOf(users, folds, seed)).toEqual(dealt);
    }),
  );
  expect(new Set([1, 2, 3, 4].map((seed) => foldsOf(30, 3, seed).join())).size).toBeGreaterThan(1);
  expect(() => foldsOf(3, 4, 1)).toThrow(/folds: expected a whole number from 2 to the number of users, 3, got 4/);
});

describe('a split by folds', () => {
  const lines = Array.from({ length: 11 }, (_, user) => `u${user} a${user} b${user} c${user} d${user}`).join('\n');
  const path = write('folds.txt', `${lines}\nlone x\n`);

  test('asks every user once; validation is of the others, and what is learned from is the same', async () => {
    const data = await readSequences(path, { gaps: null });
    const split = leaveOneOut(data);
    const fold = foldsOf(data.users.length, 3, 5);
    const parts = [0, 1, 2].map((number) => takeFold(split, fold, number));
    expect(parts.flatMap(({ testUsers }) => [...testUsers]).sort((a, b) => a - b)).toEqual([...split.testUsers]);
    expect(parts.reduce((sum, { droppedUsers }) => sum + droppedUsers, 0)).toBe(1);
    for (const { test: asked, testUsers, validation, validationUsers, train, coldTargets } of parts) {
      expect(train).toBe(split.train);
      expect([...testUsers].filter((user) => validationUsers.includes(user))).toEqual([]);
      expect([...testUsers, ...validationUsers].sort((a, b) => a - b)).toEqual([...split.testUsers]);
      // Each user's own items, by their number: history a b c and target d; in validation a b and c.
      const names = (rows: Uint32Array): string[] => [...rows].map((row) => data.items[row] ?? '');
      expect(names(asked.targets)).toEqual([...testUsers].map((user) => `d${user}`));
      expect(names(asked.histories.rows)).toEqual([...testUsers].flatMap((user) => [`a${user}`, `b${user}`, `c${user}`]));
      expect(names(validation.targets)).toEqual([...validationUsers].map((user) => `c${user}`));
      expect(names(validation.histories.rows)).toEqual([...validationUsers].flatMap((user) => [`a${user}`, `b${user}`]));
      expect(coldTargets).toBe(testUsers.length);
    }
  });

  test('is there for protocols that ask users', async () => {
    const gaps = write('fold-gaps.txt', `${lines.replaceAll(/$/gm, '\t0 1 1 1')}\nlone x\t0\n`);
    const prepared = await prepareSplit(path, { format: 'sequences', seed: 1, gaps });
    expect(foldsOfSplit(prepared, 4, 1).map(({ fold }) => fold)).toEqual([1, 2, 3, 4].map((number) => ({ number, of: 4 })));
    const cold = await prepareSplit(path, { format: 'sequences', seed: 1, gaps, coldItems: 0.1 });
    expect(() => foldsOfSplit(cold, 4, 1)).toThrow(/folds: expected the protocol leave-one-out or temporal, got "cold-items"/);
  });
});
