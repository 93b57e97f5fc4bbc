/** Where the drop-in differs from hnswlib-node on purpose: ours does what the methods say; the peer, as far as it survives, does not. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callAny, library, type Library, outcome, peer, points, SPACES, thePeer } from './hnswlib-peer.js';
import { scratch } from './scratch.js';

const { folder } = scratch();
const CLASSES = ['BruteforceSearch', 'HierarchicalNSW'] as const;

/** An index of points (0, 0), (1, 0), (2, 0) ... with labels 0, 1, 2 ... */
function line<Name extends (typeof CLASSES)[number]>(
  from: Library,
  name: Name,
  count: number,
  capacity?: number,
): InstanceType<Library[Name]>;
function line(from: Library, name: (typeof CLASSES)[number], count: number, capacity = count) {
  const index = new from[name]('l2', 2);
  index.initIndex(capacity);
  for (let id = 0; id < count; id += 1) index.addPoint([id, 0], id);
  return index;
}

/** Ours gives what is expected; the peer, where it is there, something else. */
function expectOnlyOurs(run: (from: Library) => unknown, expected: unknown): void {
  expect(run(library)).toEqual(expected);
  if (peer) expect(run(thePeer())).not.toEqual(expected);
}

describe('BruteforceSearch', () => {
  it('finds the nearest points that pass a filter', () => {
    expectOnlyOurs((from) => line(from, 'BruteforceSearch', 6).searchKnn([0, 0], 2, (id) => id >= 3).neighbors, [3, 4]);
  });

  it('counts a point whose label was removed before', () => {
    expectOnlyOurs((from) => {
      const index = new from.BruteforceSearch('l2', 2);
      index.initIndex(3);
      index.addPoint([0, 0], 7);
      index.removePoint(7);
      index.addPoint([1, 0], 7);
      return index.getCurrentCount();
    }, 1);
  });

  it('removes a label once, and nothing in its place', () => {
    expectOnlyOurs(
      (from) => {
        const index = line(from, 'BruteforceSearch', 3);
        index.removePoint(2);
        index.removePoint(2);
        return index.searchKnn([0, 0], index.getCurrentCount()).neighbors;
      },
      [0, 1],
    );
  });

  it('knows the labels of a file', () => {
    const path = join(folder, 'rows');
    expectOnlyOurs(
      (from) => {
        line(from, 'BruteforceSearch', 3, 5).writeIndexSync(path);
        const index = new from.BruteforceSearch('l2', 2);
        index.readIndexSync(path);
        index.removePoint(0);
        index.addPoint([9, 0], 1);
        return index.searchKnn([0, 0], 2);
      },
      { distances: [4, 81], neighbors: [2, 1] },
    );
  });

  it('gives all points where more are asked for', () => {
    const index = line(library, 'BruteforceSearch', 3, 10);
    expect(index.searchKnn([2, 0], 10)).toEqual({ distances: [0, 1, 4], neighbors: [2, 1, 0] });
    expect(line(library, 'BruteforceSearch', 0, 10).searchKnn([2, 0], 10)).toEqual({ distances: [], neighbors: [] });
  });
});

describe('HierarchicalNSW', () => {
  it('has one point a label when deleted ones are replaced', () => {
    expectOnlyOurs(
      (from) => {
        const index = new from.HierarchicalNSW('l2', 2);
        index.initIndex(5, 16, 200, 100, true);
        for (let id = 0; id < 4; id += 1) index.addPoint([id, 0], id);
        index.markDelete(3);
        index.addPoint([8, 0], 1, true);
        return index.searchKnn([8, 0], 5);
      },
      { distances: [0, 36, 64], neighbors: [1, 2, 0] },
    );
  });

  it('brings a deleted point back with replaceDeleted, in its own place', () => {
    const index = new library.HierarchicalNSW('l2', 2);
    index.initIndex(5, 16, 200, 100, true);
    for (let id = 0; id < 4; id += 1) index.addPoint([id, 0], id);
    for (const id of [1, 2, 3]) index.markDelete(id);
    index.addPoint([5, 0], 2, true);
    expect(index.searchKnn([5, 0], 5)).toEqual({ distances: [0, 25], neighbors: [2, 0] });
    expect(index.getIdsList().sort()).toEqual([0, 1, 2, 3]);
  });

  it.each([0, 1, 2, 10_001, 4_294_967_295])('works with m = %d', (m) => {
    const index = new library.HierarchicalNSW('l2', 2);
    index.initIndex(60, m, 0);
    for (const [id, point] of points(50, 2, m).entries()) index.addPoint(point, id);
    expect(index.searchKnn([0, 0], 50).neighbors).toHaveLength(50);
    const path = join(folder, 'graph');
    index.writeIndexSync(path);
    const again = new library.HierarchicalNSW('l2', 2);
    again.readIndexSync(path);
    expect(again.searchKnn([0, 0], 50)).toEqual(index.searchKnn([0, 0], 50));
  });

  it('has room for no point, and for as many as there are u32', () => {
    const index = new library.HierarchicalNSW('l2', 2);
    index.initIndex(4_294_967_295);
    index.addPoint([1, 0], 1);
    expect(index.searchKnn([0, 0], 4_294_967_295).neighbors).toEqual([1]);
    index.initIndex(1);
    index.resizeIndex(0);
    expect(outcome(() => index.addPoint([1, 0], 1))).toEqual({
      error: 'Error',
      message: 'Hnswlib Error: The number of elements exceeds the specified limit',
    });
  });

  it('finds as many as it is asked for where links lead nowhere', () => {
    const index = new library.HierarchicalNSW('l2', 2);
    index.initIndex(2000);
    for (let id = 0; id < 1000; id += 1) index.addPoint([id < 900 ? 0 : 1000 + id, 0], id);
    expect(index.searchKnn([0, 0], 950).neighbors).toHaveLength(950);
    expect(new Set(index.searchKnn([1999, 0], 20).distances).size).toBe(20);
  });
});

describe.each(CLASSES)('%s', (name) => {
  it.each([
    { what: 'a text', array: ['1', 2] },
    { what: 'a hole', array: [undefined, 2] },
    { what: 'nothing at the end', array: [1, null] },
  ])('changes nothing for a point with $what in it', ({ array }) => {
    const index = line(library, name, 3, 10);
    const wrong = { error: 'TypeError', message: 'A number was expected' };
    expect(outcome(() => callAny(index, 'addPoint', [array, 9]))).toEqual(wrong);
    expect(outcome(() => callAny(index, 'searchKnn', [array, 2]))).toEqual(wrong);
    expect(index.getCurrentCount()).toBe(3);
  });

  it('lets an error of a filter through, whatever it is, and goes on', () => {
    const index = line(library, name, 30);
    const mine = new RangeError('mine');
    for (const thrown of [mine, 'a text', null]) {
      let caught: unknown = 'nothing';
      try {
        index.searchKnn([0, 0], 3, (id) => {
          if (id === 1) AbortSignal.abort(thrown).throwIfAborted();
          return true;
        });
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(thrown);
    }
    expect(index.searchKnn([0, 0], 3).neighbors).toEqual([0, 1, 2]);
  });

  it('refuses a filter that changes the index, and lets it search', () => {
    const index = line(library, name, 30, 40);
    const refused = { error: 'Error', message: 'Hnswlib Error: A filter cannot change the index that is being searched' };
    const found = index.searchKnn([0, 0], 3, (id) => {
      expect(outcome(() => index.addPoint([1, 1], 99))).toEqual(refused);
      if ('markDelete' in index) {
        expect(outcome(() => index.markDelete(0))).toEqual(refused);
        expect(outcome(() => index.resizeIndex(100))).toEqual(refused);
      } else {
        expect(outcome(() => index.removePoint(0))).toEqual(refused);
      }
      return index.searchKnn([id, 0], 1).neighbors[0] === id && id % 2 === 1;
    });
    expect(found.neighbors).toEqual([1, 3, 5]);
    index.addPoint([1, 1], 99);
    expect(index.getCurrentCount()).toBe(31);
  });

  it('may be begun anew by its filter: the search goes on in what it began with', () => {
    const index = line(library, name, 30);
    const found = index.searchKnn([0, 0], 3, () => {
      index.initIndex(5);
      return true;
    });
    expect(found.neighbors).toEqual([0, 1, 2]);
    expect(index.getCurrentCount()).toBe(0);
  });

  it.each(SPACES)('takes points of no dimension, and of many: %s', (space) => {
    for (const dim of [0, 1, 5000]) {
      const index = new library[name](space, dim);
      index.initIndex(20);
      const data = points(12, dim, 1);
      for (const [id, point] of data.entries()) index.addPoint(point, id);
      const expected = dim === 0 ? 1 : 12;
      expect(index.searchKnn(data[0] ?? [], 12).neighbors.length).toBeGreaterThanOrEqual(expected);
      expect(index.getNumDimensions()).toBe(dim);
    }
  });

  it('is filtered to as many as pass, however few', () => {
    const index = new library[name]('l2', 4);
    index.initIndex(3000);
    for (const [id, point] of points(3000, 4, 1).entries()) index.addPoint(point, id);
    for (const every of [2, 10, 300, 1500]) {
      const found = index.searchKnn([0, 0, 0, 0], 10, (id) => id % every === 0);
      expect(found.neighbors).toHaveLength(Math.min(10, 3000 / every));
      expect(found.neighbors.every((id) => id % every === 0)).toBe(true);
    }
  });
});
