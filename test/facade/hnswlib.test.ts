import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callAny,
  expectSameFound,
  type Found,
  type Library,
  library,
  outcome,
  peer,
  points,
  SPACES,
  type Space,
  stream,
  thePeer,
  truthOf,
} from './hnswlib-peer.js';

const label = fc.nat(19);
const DIM = 5;
/** Small whole numbers are exact in f32 and make ties; the others round. */
const whole = fc.integer({ min: -3, max: 3 });
const rounded = fc.integer({ min: -20_000, max: 20_000 }).map((value) => value / 10_007);
const vector = fc.oneof(
  fc.array(whole, { minLength: DIM, maxLength: DIM }),
  fc.array(fc.oneof(whole, rounded), { minLength: DIM, maxLength: DIM }),
);
/** Filters by number: none, every second label, every third, none of them. */
const FILTERS = [undefined, (id: number) => id % 2 === 0, (id: number) => id % 3 === 0, () => false] as const;

function search(index: InstanceType<Library['BruteforceSearch' | 'HierarchicalNSW']>, query: number[], k: number, kind: number): Found {
  const filter = FILTERS[kind];
  return filter ? index.searchKnn(query, k, filter) : index.searchKnn(query, k);
}

/** Checks one search against doubles, and against the peer where it gives what it says. */
function checkSearch(
  [got, theirs]: [Found, Found | undefined],
  space: Space,
  live: ReadonlyMap<number, number[]>,
  query: number[],
  k: number,
  kind: number,
): void {
  const filter = FILTERS[kind] ?? (() => true);
  const allowed = new Map([...live].filter(([id]) => filter(id)));
  expectSameFound(got, truthOf(space, allowed, query, k));
  if (!theirs) return;
  const isExact = [...allowed.values(), query].flat().every(Number.isInteger);
  if (isExact && space !== 'cosine') expect(got).toEqual(theirs);
  else expectSameFound(got, theirs);
}

type Step =
  | { do: 'add'; id: number; point: number[]; reuse: boolean }
  | { do: 'drop'; id: number }
  | { do: 'restore'; id: number }
  | { do: 'resize'; size: number }
  | { do: 'search'; query: number[]; k: number; kind: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), id: label, point: vector, reuse: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), id: label }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), id: label }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), size: fc.nat(22) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('search' as const), query: vector, k: fc.nat(12), kind: fc.nat(3) }) },
);

/** Runs a program on BruteforceSearch: ours, and the peer's where it is sound. */
function runBrute(space: Space, capacity: number, steps: readonly Step[], other: Library | undefined): void {
  const mine = new library.BruteforceSearch(space, DIM);
  const theirs = other ? new other.BruteforceSearch(space, DIM) : undefined;
  mine.initIndex(capacity);
  theirs?.initIndex(capacity);
  const live = new Map<number, number[]>();
  const rows: number[] = [];
  // The peer goes wrong with a label whose point was the last row when it was removed.
  const spoilt = new Set<number>();
  for (const each of steps) {
    if (each.do === 'add') {
      if (spoilt.has(each.id)) continue;
      const got = outcome(() => mine.addPoint(each.point, each.id));
      if (theirs) expect(got).toEqual(outcome(() => theirs.addPoint(each.point, each.id)));
      if (!live.has(each.id) && rows.length === capacity) {
        expect(got).toEqual({ error: 'Error', message: 'Hnswlib Error: The number of elements exceeds the specified limit\n' });
        continue;
      }
      if (!live.has(each.id)) rows.push(each.id);
      live.set(each.id, each.point);
    } else if (each.do === 'drop') {
      if (spoilt.has(each.id)) continue;
      expect(outcome(() => mine.removePoint(each.id))).toEqual({ value: null });
      theirs?.removePoint(each.id);
      const row = rows.indexOf(each.id);
      if (row < 0) continue;
      live.delete(each.id);
      const last = rows.pop();
      if (last === each.id) {
        if (theirs) spoilt.add(each.id);
      } else if (last !== undefined) rows[row] = last;
    } else if (each.do === 'search') {
      if (each.k === 0 || each.k > capacity) continue;
      const got = search(mine, each.query, each.k, each.kind);
      // Beyond the number of points the peer aborts, and with a filter it may miss points.
      const comparable = theirs && each.k <= rows.length && each.kind === 0;
      checkSearch([got, comparable ? search(theirs, each.query, each.k, 0) : undefined], space, live, each.query, each.k, each.kind);
    }
    expect(mine.getCurrentCount()).toBe(rows.length);
    if (theirs) expect(theirs.getCurrentCount()).toBe(rows.length);
  }
}

interface GraphProgram {
  space: Space;
  capacity: number;
  m: number;
  efConstruction: number;
  seed: number;
  reuse: boolean;
  steps: Step[];
}

/** Runs a program on HierarchicalNSW with an ef that reaches every point: results are exact. */
function runGraph({ space, capacity, m, efConstruction, seed, reuse, steps }: GraphProgram, other: Library | undefined): void {
  const mine = new library.HierarchicalNSW(space, DIM);
  const theirs = other ? new other.HierarchicalNSW(space, DIM) : undefined;
  for (const index of theirs ? [mine, theirs] : [mine]) {
    index.initIndex(capacity, m, efConstruction, seed, reuse);
    index.setEf(200);
  }
  const both = (call: (index: typeof mine) => unknown) => {
    const got = outcome(() => call(mine));
    if (theirs) expect(got).toEqual(outcome(() => call(theirs)));
    return got;
  };
  const live = new Map<number, number[]>();
  const deleted = new Map<number, number[]>();
  for (const each of steps) {
    if (each.do === 'add') {
      // With a deleted row to take, the peer gives a known label a second point.
      const known = live.has(each.id) || deleted.has(each.id);
      if (theirs && each.reuse && reuse && known && deleted.size > 0) continue;
      const got = each.reuse
        ? both((index) => index.addPoint(each.point, each.id, true))
        : both((index) => index.addPoint(each.point, each.id));
      if ('error' in got) continue;
      live.set(each.id, each.point);
      // Which deleted row was taken, the list of labels says.
      const left = new Set(mine.getIdsList());
      for (const id of deleted.keys()) if (!left.has(id) || id === each.id) deleted.delete(id);
    } else if (each.do === 'drop') {
      const point = live.get(each.id);
      if ('error' in both((index) => index.markDelete(each.id)) || !point) continue;
      live.delete(each.id);
      deleted.set(each.id, point);
    } else if (each.do === 'restore') {
      const point = deleted.get(each.id);
      if ('error' in both((index) => index.unmarkDelete(each.id)) || !point) continue;
      deleted.delete(each.id);
      live.set(each.id, point);
    } else if (each.do === 'resize') {
      // Room for nothing at all ends the peer.
      if (each.size > 0) both((index) => index.resizeIndex(each.size));
    } else {
      if (each.k > mine.getMaxElements()) {
        expect(both((index) => search(index, each.query, each.k, each.kind))).toHaveProperty('error', 'Error');
        continue;
      }
      const got = search(mine, each.query, each.k, each.kind);
      checkSearch([got, theirs && search(theirs, each.query, each.k, each.kind)], space, live, each.query, each.k, each.kind);
    }
    both((index) => [index.getCurrentCount(), index.getMaxElements(), index.getIdsList().sort((a, b) => a - b)]);
    both((index) => index.getPoint('id' in each ? each.id : 0));
    expect(mine.getCurrentCount()).toBe(live.size + deleted.size);
  }
}

const program: fc.Arbitrary<GraphProgram> = fc.record({
  space: fc.constantFrom(...SPACES),
  capacity: fc.integer({ min: 1, max: 22 }),
  m: fc.integer({ min: 2, max: 20 }),
  efConstruction: fc.integer({ min: 0, max: 60 }),
  seed: fc.nat(),
  reuse: fc.boolean(),
  steps: fc.array(step, { maxLength: 60 }),
});

describe('random programs', () => {
  const brute = fc.tuple(fc.constantFrom(...SPACES), fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 80 }));

  it('BruteforceSearch gives the nearest, by itself', () => {
    fc.assert(fc.property(brute, ([space, capacity, steps]) => runBrute(space, capacity, steps, undefined)));
  });

  it.skipIf(!peer)('BruteforceSearch gives what hnswlib-node gives', () => {
    fc.assert(
      fc.property(brute, ([space, capacity, steps]) => runBrute(space, capacity, steps, thePeer())),
      { numRuns: 300 },
    );
  });

  it('HierarchicalNSW gives the nearest where ef reaches every point, by itself', () => {
    fc.assert(fc.property(program, (given) => runGraph(given, undefined)));
  });

  it.skipIf(!peer)('HierarchicalNSW gives what hnswlib-node gives where ef reaches every point', () => {
    fc.assert(
      fc.property(program, (given) => runGraph(given, thePeer())),
      { numRuns: 300 },
    );
  });
});

describe.skipIf(!peer)('arguments', () => {
  const values: readonly unknown[] = [
    undefined,
    null,
    true,
    'l2',
    'cos',
    0,
    2,
    3.7,
    5,
    Number.NaN,
    2n,
    [],
    [1, 2],
    [1, 2, 3],
    [1, undefined],
    {},
    { maxElements: 3 },
    { maxElements: '3' },
    { maxElements: 4, m: 5, efConstruction: 3, randomSeed: 1, allowReplaceDeleted: true },
    { maxElements: 4, m: undefined },
    { maxElements: 4, efConstruction: null },
    { maxElements: 4, randomSeed: '1' },
    { maxElements: 4, allowReplaceDeleted: 0 },
    Object.create({ maxElements: 6 }),
    () => true,
    new Float32Array(2),
    Object(2),
    Object('l2'),
    new Proxy([1, 2], {}),
  ];
  const anyArguments = fc.array(fc.constantFrom(...values), { maxLength: 6 });
  const METHODS = {
    L2Space: ['distance', 'getNumDimensions'],
    InnerProductSpace: ['distance', 'getNumDimensions'],
    BruteforceSearch: ['initIndex', 'addPoint', 'removePoint', 'searchKnn', 'getMaxElements', 'getCurrentCount', 'getNumDimensions'],
    HierarchicalNSW: [
      ...['initIndex', 'resizeIndex', 'addPoint', 'markDelete', 'unmarkDelete', 'searchKnn', 'getIdsList', 'getPoint', 'getMaxElements'],
      ...['getCurrentCount', 'getNumDimensions', 'getEf', 'setEf'],
    ],
  } as const;
  const classes = ['L2Space', 'InnerProductSpace', 'BruteforceSearch', 'HierarchicalNSW'] as const;
  type Name = (typeof classes)[number];

  /** An object of a class, of two dimensions; an index has five points and no more room, or is not initialised. */
  function make(from: Library, name: Name, full: boolean): object {
    if (name === 'L2Space' || name === 'InnerProductSpace') return new from[name](2);
    const index = new from[name]('l2', 2);
    if (full) {
      index.initIndex(5);
      for (let id = 0; id < 5; id += 1) index.addPoint([id, 1], id);
    }
    return index;
  }

  it('of constructors are refused in the same words', () => {
    fc.assert(
      fc.property(fc.constantFrom(...classes), anyArguments, (name, args) => {
        const dimensionsOf = (from: Library) =>
          outcome(() => {
            const made: unknown = Reflect.construct(from[name], args);
            return typeof made === 'object' && made ? callAny(made, 'getNumDimensions', []) : undefined;
          });
        expect(dimensionsOf(library)).toEqual(dimensionsOf(thePeer()));
      }),
      { numRuns: 500 },
    );
  });

  it('of methods are refused in the same words, and change nothing then', () => {
    const call = fc.constantFrom(...classes).chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...METHODS[name]), fc.boolean()));
    fc.assert(
      fc.property(call, anyArguments, ([name, method, full], args) => {
        const hasHole = args.some((value) => Array.isArray(value) && value.includes(undefined));
        // The peer adds a point whose last number is none, and then throws.
        fc.pre(!(hasHole && method === 'addPoint'));
        // Room for no point at all ends the peer when it is made anew.
        fc.pre(method !== 'resizeIndex' || args[0] !== 0);
        const resultOf = (from: Library) => {
          const target = make(from, name, full);
          const first = outcome(() => callAny(target, method, args));
          return [
            first,
            ...METHODS[name].filter((each) => /^get(?!Ids|Point)/.test(each)).map((each) => outcome(() => callAny(target, each, []))),
          ];
        };
        expect(resultOf(library)).toEqual(resultOf(thePeer()));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([-1, 4294967296, 1e20, -2.5, 3.999, Number.POSITIVE_INFINITY])('takes %d for the label that hnswlib-node takes it for', (id) => {
    const labelsOf = (from: Library) => {
      const index = new from.HierarchicalNSW('l2', 1);
      index.initIndex(2);
      index.addPoint([1], id);
      return [index.getIdsList(), index.getPoint(id), index.searchKnn([0], 1), outcome(() => index.searchKnn([0], -1))];
    };
    expect(labelsOf(library)).toEqual(labelsOf(thePeer()));
  });

  it('of spaces: distances are those of hnswlib-node', () => {
    const next = stream(5);
    for (const dim of [0, 1, 2, 3, 4, 7, 15, 16, 17, 64, 100, 1000]) {
      for (const name of ['L2Space', 'InnerProductSpace'] as const) {
        const [a, b] = [Array.from({ length: dim }, next), Array.from({ length: dim }, next)];
        const [mine, theirs] = [new library[name](dim).distance(a, b), new (thePeer()[name])(dim).distance(a, b)];
        expect(Math.abs(mine - theirs)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(theirs)));
      }
    }
  });
});

describe.skipIf(!peer)('recall', () => {
  const [COUNT, DIMS, K] = [3000, 20, 10];

  it.each(SPACES)('is at least that of hnswlib-node, in the space %s', (space) => {
    const queries = points(80, DIMS, 8);
    const live = new Map<number, number[]>();
    const mine = new library.HierarchicalNSW(space, DIMS);
    const theirs = new (thePeer().HierarchicalNSW)(space, DIMS);
    const both = (change: (index: typeof mine) => void) => {
      change(mine);
      change(theirs);
    };
    both((index) => index.initIndex(COUNT, 8, 100));
    const checkRecall = (kind: number, efs: readonly number[]) => {
      const allowed = new Map([...live].filter(([id]) => FILTERS[kind]?.(id) ?? true));
      const truth = queries.map((query) => new Set(truthOf(space, allowed, query, K).neighbors));
      const recallOf = (index: typeof mine) => {
        const found = queries.map((query, i) => search(index, query, K, kind).neighbors.filter((id) => truth[i]?.has(id)).length);
        return found.reduce((sum, each) => sum + each, 0) / (queries.length * K);
      };
      for (const ef of efs) {
        both((index) => index.setEf(ef));
        expect(recallOf(mine)).toBeGreaterThanOrEqual(recallOf(theirs));
      }
    };
    const put = (id: number, point: number[]) => {
      both((index) => index.addPoint(point, id));
      live.set(id, point);
    };

    for (const [id, point] of points(COUNT, DIMS, 7).entries()) put(id, point);
    checkRecall(0, [10, 30, 100]);
    checkRecall(1, [30]);
    for (let id = 0; id < COUNT; id += 3) {
      both((index) => index.markDelete(id));
      live.delete(id);
    }
    checkRecall(0, [30]);
    for (const [i, point] of points(COUNT / 2, DIMS, 9).entries()) put(i * 2, point);
    checkRecall(0, [10, 30, 100]);
  });
});
