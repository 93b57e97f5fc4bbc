import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callAny, expectSameFound, type Library, library, outcome, peer, points, SPACES, settledOutcome, thePeer } from './hnswlib-peer.js';
import { scratch } from './scratch.js';

const { folder, write } = scratch();
const DIM = 7;
const CLASSES = ['HierarchicalNSW', 'BruteforceSearch'] as const;
type Name = (typeof CLASSES)[number];
type Index = InstanceType<Library[Name]>;

let files = 0;
/** A path that no file has yet. */
function fresh(): string {
  files += 1;
  return join(folder, `index-${files}`);
}

/** An index of `count` points with labels 3, 8, 13 ...; a graph has every seventh of them deleted. */
function filled(from: Library, name: Name, space: (typeof SPACES)[number], capacity: number, count: number): Index {
  const index = new from[name](space, DIM);
  index.initIndex(capacity);
  for (const [i, point] of points(count, DIM, count).entries()) index.addPoint(point, i * 5 + 3);
  if ('markDelete' in index) for (let i = 0; i < count; i += 7) index.markDelete(i * 5 + 3);
  return index;
}

/** The same index, as far as anybody can tell from outside, for those that ask for a number of neighbours. */
function expectSame(one: Index, other: Index): void {
  expect(one.getMaxElements()).toBe(other.getMaxElements());
  expect(one.getCurrentCount()).toBe(other.getCurrentCount());
  if ('getIdsList' in one && 'getIdsList' in other) {
    expect(one.getIdsList()).toEqual(other.getIdsList());
    for (const id of one.getIdsList()) expect(outcome(() => one.getPoint(id))).toEqual(outcome(() => other.getPoint(id)));
    one.setEf(1000);
    other.setEf(1000);
  }
  for (const query of points(20, DIM, 99)) {
    const k = Math.min(10, one.getCurrentCount());
    if (k > 0) expectSameFound(one.searchKnn(query, k), other.searchKnn(query, k));
  }
}

const SIZES = [
  { capacity: 1, count: 0 },
  { capacity: 1, count: 1 },
  { capacity: 40, count: 33 },
  { capacity: 600, count: 600 },
];
const cases = CLASSES.flatMap((name) => SPACES.flatMap((space) => SIZES.map((size) => ({ name, space, ...size }))));

describe.skipIf(!peer)('files', () => {
  it.each(cases)('of $name are read both ways: $space, $count points of $capacity', ({ name, space, capacity, count }) => {
    const ways: [Library, Library][] = [
      [library, thePeer()],
      [thePeer(), library],
    ];
    for (const [writer, reader] of ways) {
      const index = filled(writer, name, space, capacity, count);
      const path = fresh();
      index.writeIndexSync(path);
      const [mine, theirs] = [new writer[name](space, DIM), new reader[name](space, DIM)];
      expect(outcome(() => mine.readIndexSync(path))).toEqual(outcome(() => theirs.readIndexSync(path)));
      expectSame(mine, theirs);
      // An empty graph comes back without its room, in hnswlib as well.
      if (count > 0) expectSame(index, theirs);
    }
  });

  it('are as long as those of hnswlib-node', () => {
    for (const name of CLASSES) {
      const [mine, theirs] = [fresh(), fresh()];
      filled(library, name, 'l2', 50, 20).writeIndexSync(mine);
      filled(thePeer(), name, 'l2', 50, 20).writeIndexSync(theirs);
      const upper = (path: string) => (name === 'HierarchicalNSW' ? statSync(path).size % (16 * 4 + 4) : statSync(path).size);
      expect(upper(mine)).toBe(upper(theirs));
    }
  });

  it('go on after they are read: points are added, deleted and replaced', () => {
    const path = fresh();
    filled(thePeer(), 'HierarchicalNSW', 'l2', 300, 200).writeIndexSync(path);
    const indexes = [library, thePeer()].map((from) => {
      const index = new from.HierarchicalNSW('l2', DIM);
      index.readIndexSync(path, true);
      index.markDelete(8);
      for (const [i, point] of points(60, DIM, 5).entries()) index.addPoint(point, 5000 + i, true);
      index.addPoint(points(1, DIM, 6)[0] ?? [], 13);
      return index;
    });
    const [mine, theirs] = indexes;
    if (!mine || !theirs) throw new Error('there are two');
    expectSame(mine, theirs);
  });

  it('are missing, or no index: refused in the words of hnswlib-node', async () => {
    const paths = [
      join(folder, 'nothing'),
      folder,
      write('empty', ''),
      write('short', 'x'.repeat(95)),
      write('zeros', new Uint8Array(500)),
    ];
    for (const path of paths) {
      const refusalOf = (from: Library) => outcome(() => new from.HierarchicalNSW('l2', DIM).readIndexSync(path));
      expect(refusalOf(library)).toEqual(refusalOf(thePeer()));
      const rejectionOf = (from: Library) => settledOutcome(() => new from.HierarchicalNSW('l2', DIM).readIndex(path));
      expect(await rejectionOf(library)).toEqual(await rejectionOf(thePeer()));
    }
    for (const name of CLASSES) {
      const callsOf = async (from: Library) => [
        outcome(() => new from[name]('l2', DIM).readIndexSync(join(folder, 'nothing'))),
        await settledOutcome(() => new from[name]('l2', DIM).readIndex(join(folder, 'nothing'))),
        outcome(() => new from[name]('l2', DIM).writeIndexSync(fresh())),
        await settledOutcome(() => new from[name]('l2', DIM).writeIndex(fresh())),
        outcome(() => callAny(new from[name]('l2', DIM), 'readIndex', [])),
        outcome(() => callAny(new from[name]('l2', DIM), 'readIndex', [3])),
        outcome(() => callAny(new from[name]('l2', DIM), 'writeIndex', ['a', 'b'])),
        outcome(() => callAny(new from[name]('l2', DIM), 'writeIndexSync', [null])),
        outcome(() => callAny(new from[name]('l2', DIM), 'readIndexSync', ['nothing', 1])),
      ];
      expect(await callsOf(library)).toEqual(await callsOf(thePeer()));
    }
  });
});

describe('promises', () => {
  it.each(CLASSES)('of %s: a file holds the points of the call, whatever comes after it', async (name) => {
    const index = filled(library, name, 'l2', 3000, 2000);
    const path = fresh();
    const written = index.writeIndex(path);
    for (let i = 0; i < 500; i += 1) index.addPoint(points(1, DIM, i)[0] ?? [], 100_000 + i);
    expect(await written).toBe(true);
    const again = new library[name]('l2', DIM);
    expect(await again.readIndex(path)).toBe(true);
    expectSame(again, filled(library, name, 'l2', 3000, 2000));
    expect(index.getCurrentCount()).toBe(2500);
  });

  it.each(CLASSES)('of %s: what there is stays until a file has been read, and if it cannot be', async (name) => {
    const path = fresh();
    filled(library, name, 'l2', 40, 30).writeIndexSync(path);
    const index = filled(library, name, 'l2', 10, 5);
    const reading = index.readIndex(path);
    expect(index.getCurrentCount()).toBe(5);
    await reading;
    expect(index.getCurrentCount()).toBe(30);
    await expect(index.readIndex(write('no-index', 'no index'))).rejects.toThrow(
      'Hnswlib Error: Index seems to be corrupted or unsupported',
    );
    expect(() => index.readIndexSync(join(folder, 'nothing'))).toThrow('Hnswlib Error: failed to open file: ');
    expect(index.getCurrentCount()).toBe(30);
  });

  it.each(CLASSES)('of %s: a file that cannot be written is an error', async (name) => {
    const index = filled(library, name, 'l2', 10, 5);
    const path = join(folder, 'no-folder', 'file');
    expect(() => index.writeIndexSync(path)).toThrow(new Error(`Hnswlib Error: failed to open file: ${path}`));
    await expect(index.writeIndex(path)).rejects.toThrow(new Error(`Hnswlib Error: failed to open file: ${path}`));
    expect(() => index.writeIndexSync(`${folder}\0/file`)).toThrow('Hnswlib Error: failed to open file: ');
    if (existsSync('/dev/full')) {
      expect(() => index.writeIndexSync('/dev/full')).toThrow(new Error('Hnswlib Error: failed to write file: /dev/full'));
    }
  });

  it('are read in two dimensions only by an index of two', () => {
    const path = fresh();
    filled(library, 'HierarchicalNSW', 'l2', 10, 5).writeIndexSync(path);
    expect(() => new library.HierarchicalNSW('l2', 2).readIndexSync(path)).toThrow(
      new Error('Hnswlib Error: The file has points of 7 dimensions, not of 2'),
    );
  });
});

describe('altered files', () => {
  const seldom = <T, U>(rare: fc.Arbitrary<T>, common: fc.Arbitrary<U>) =>
    fc.oneof({ weight: 1, arbitrary: rare }, { weight: 5, arbitrary: common });
  const change = fc.record({
    at: fc.nat(),
    early: seldom(fc.constant(true), fc.constant(false)),
    value: fc.oneof(fc.nat(70), fc.constantFrom(0xffffffff, 0x7fffffff, 0x10000, 0x8000), fc.nat({ max: 0xffffffff })),
    cut: seldom(fc.nat(), fc.constant(null)),
  });

  it.each(CLASSES)('of %s are refused, or do no harm whatever is done with them', (name) => {
    const path = fresh();
    filled(library, name, 'l2', 50, 40).writeIndexSync(path);
    const good = readFileSync(path);
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), (changes, reuse) => {
        let bytes = Buffer.from(good);
        for (const { at, early, value, cut } of changes) {
          if (cut !== null) bytes = bytes.subarray(0, cut % (bytes.length + 1));
          const words = Math.floor(Math.min(bytes.length, early ? 180 : bytes.length) / 4);
          if (words > 0) bytes.writeUInt32LE(value, (at % words) * 4);
        }
        const altered = write('altered', bytes);
        const index = new library[name]('l2', DIM);
        const read = outcome(() => ('markDelete' in index ? index.readIndexSync(altered, reuse) : index.readIndexSync(altered)));
        if ('error' in read) {
          expect(read.error).toBe('Error');
          expect(read.message).toBe('Hnswlib Error: Index seems to be corrupted or unsupported');
          expect(index.getCurrentCount()).toBe(0);
          return;
        }
        accepted += 1;
        const [point = []] = points(1, DIM, 3);
        const most = Math.min(10, index.getMaxElements());
        if (most > 0) expect(index.searchKnn(point, most).neighbors.length).toBeLessThanOrEqual(most);
        outcome(() => index.addPoint(point, 8));
        outcome(() => index.addPoint(point, 77_777));
        if ('markDelete' in index) {
          outcome(() => index.markDelete(13));
          outcome(() => index.addPoint(point, 88_888, true));
          outcome(() => index.unmarkDelete(3));
          outcome(() => index.resizeIndex(60));
          for (const id of index.getIdsList().slice(0, 5)) outcome(() => index.getPoint(id));
        } else {
          index.removePoint(8);
        }
        if (most > 0) index.searchKnn(point, most, (id) => id % 2 === 0);
        index.writeIndexSync(path);
        expect(outcome(() => new library[name]('l2', DIM).readIndexSync(path))).toEqual({ value: null });
      }),
      { numRuns: 800 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
