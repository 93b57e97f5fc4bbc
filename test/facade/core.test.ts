/** The native core through the binding, against plain models of what it should hold. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ColumnValue, FilterStep } from '../../src/native.js';
import { native, SOURCES } from '../../src/native.js';
import { addEvents, codeOf, core, expectCode, type PlainEvent, putPlain, request } from './native-core.js';

describe('items', () => {
  test('are put, replaced, removed and put again', () => {
    const engine = core({ columns: [{ name: 'price', kind: 'number' }] });
    engine.putItems(['a', 'b', 'é'], Float64Array.of(11, 12, 13), [[1], [2], [null]]);
    expect(engine.counts()).toEqual({ items: 3, rows: 3, users: 0, events: 0 });
    expect([...engine.removeItems(['b', 'b', 'nobody', 'a'])]).toEqual([1, 0, 0, 1]);
    expect(engine.hasItem('a')).toBe(false);
    expect(engine.hasItem('é')).toBe(true);
    engine.putItems(['b'], Float64Array.of(12), [[5]]);
    expect(engine.counts()).toEqual({ items: 2, rows: 3, users: 0, events: 0 });
    engine.close();
  });

  test('keep their key for ever, and may get it after events have named them', () => {
    const engine = core();
    addEvents(engine, [{ user: 'u', item: 'early', at: 1 }]);
    expect([...engine.exportKeys()]).toEqual([0]);
    engine.reserveItems(['early', 'held'], Float64Array.of(7, 8));
    expect([...engine.exportKeys()]).toEqual([7, 8]);
    expect(engine.hasItem('early')).toBe(false);
    expectCode(() => engine.reserveItems(['early'], Float64Array.of(9)), 'KAIRANK_INVALID_ARGUMENT');
    expect(engine.counts()).toEqual({ items: 0, rows: 2, users: 1, events: 1 });
    engine.close();
  });

  test('are refused as a whole when one value is wrong', () => {
    const engine = core({ columns: [{ name: 'stock', kind: 'boolean' }] });
    expectCode(() => engine.putItems(['a', 'b'], Float64Array.of(1, 2), [[true], [3]]), 'KAIRANK_INVALID_ARGUMENT');
    expectCode(() => engine.putItems(['a', ''], Float64Array.of(1, 2), [[true], [true]]), 'KAIRANK_INVALID_ARGUMENT');
    expectCode(() => engine.putItems(['a'], Float64Array.of(1.5), [[true]]), 'KAIRANK_INVALID_ARGUMENT');
    expectCode(() => engine.putItems(['a\ud800'], Float64Array.of(1), [[true]]), 'KAIRANK_INVALID_ARGUMENT');
    expectCode(() => engine.putItems(['x'.repeat(513)], Float64Array.of(1), [[true]]), 'KAIRANK_INVALID_ARGUMENT');
    expect(engine.counts().rows).toBe(0);
    engine.putItems(['é'.repeat(512)], Float64Array.of(1), [[true]]);
    expect(engine.hasItem('é'.repeat(512))).toBe(true);
    engine.close();
  });
});

describe('histories', () => {
  const event = fc.record({
    user: fc.constantFrom('ann', 'bob', 'cy'),
    item: fc.constantFrom('', 'a', 'b', 'c', 'd'),
    type: fc.integer({ min: 0, max: 2 }),
    weight: fc.integer({ min: -3, max: 3 }),
    at: fc.integer({ min: 0, max: 12 }),
  });

  test('are in order of time, equal times in order of arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 12 }), fc.integer({ min: 0, max: 40 }), (batches, limit) => {
        const engine = core({ typeWeights: [1, 2, 3] });
        const arrived: Required<PlainEvent>[] = [];
        for (const batch of batches) {
          addEvents(engine, batch);
          arrived.push(...batch);
        }
        for (const user of ['ann', 'bob', 'cy']) {
          const own = arrived.filter((one) => one.user === user).sort((a, b) => a.at - b.at);
          const last = own.slice(Math.max(0, own.length - limit));
          const history = engine.history(user, limit);
          if (own.length === 0) {
            expect(history).toBeNull();
            continue;
          }
          expect(history?.items).toEqual(last.map((one) => one.item));
          expect([...(history?.types ?? [])]).toEqual(last.map((one) => one.type));
          expect([...(history?.weights ?? [])]).toEqual(last.map((one) => one.weight));
          expect([...(history?.times ?? [])]).toEqual(last.map((one) => one.at));
        }
        expect(engine.counts().events).toBe(arrived.length);
        engine.close();
      }),
      { numRuns: 60 },
    );
  });

  test('are exported by user row, as they are read one by one', () => {
    const engine = core();
    putPlain(engine, ['a', 'b', 'c']);
    addEvents(engine, [
      { user: 'ann', item: 'c', at: 5 },
      { user: 'bob', item: 'a', at: 1 },
      { user: 'ann', item: '', weight: 0, at: 2 },
      { user: 'ann', item: 'b', weight: -1, at: 9 },
    ]);
    const all = engine.exportHistories();
    expect([...all.offsets]).toEqual([0, 3, 4]);
    expect([...all.rows]).toEqual([0xffffffff, 2, 1, 0]);
    expect([...all.weights]).toEqual([0, 1, -1, 1]);
    expect([...all.times]).toEqual([2, 5, 9, 1]);
    engine.close();
  });

  test('stay as they are when one event of a call is wrong', () => {
    const engine = core({ typeWeights: [1] });
    const good: PlainEvent = { user: 'u', item: 'a', at: 1 };
    for (const wrong of [
      { ...good, type: 1 },
      { ...good, weight: Number.NaN },
      { ...good, weight: Number.POSITIVE_INFINITY },
      { ...good, at: Number.NaN },
      { ...good, at: 1e300 },
      { ...good, user: '' },
    ]) {
      expectCode(() => addEvents(engine, [good, wrong]), 'KAIRANK_INVALID_ARGUMENT');
    }
    expectCode(
      () => engine.addEvents(['u'], ['a', 'b'], new Uint16Array(1), new Float32Array(1), new Float64Array(1)),
      'KAIRANK_INVALID_ARGUMENT',
    );
    expect(engine.counts()).toEqual({ items: 0, rows: 0, users: 0, events: 0 });
    engine.close();
  });
});

interface Shown {
  price: number | null;
  stock: boolean | null;
  brand: string | null;
  tags: string[] | null;
}
const COLUMNS = ['price', 'stock', 'brand', 'tags'] as const;

function valuesOf(item: Shown): ColumnValue[] {
  return COLUMNS.map((name) => item[name]);
}

/** What a filter means, step by step, for one item. */
function passes(steps: readonly FilterStep[], item: Shown): boolean {
  const stack: boolean[] = [];
  const pop = (count: number): boolean[] => stack.splice(stack.length - count, count);
  for (const step of steps) {
    if (step.op === 'all') stack.push(true);
    else if (step.op === 'not') stack.push(!pop(1)[0]);
    else if ('count' in step) stack.push(step.op === 'and' ? pop(step.count).every(Boolean) : pop(step.count).some(Boolean));
    else {
      const value = item[COLUMNS[step.column] ?? 'price'];
      const there = value !== null && !(Array.isArray(value) && value.length === 0);
      const among = (wanted: readonly unknown[]): boolean =>
        there && (Array.isArray(value) ? value.some((tag) => wanted.includes(tag)) : wanted.some((one) => one === value));
      if (step.op === 'has') stack.push(there);
      else if (step.op === 'equals') stack.push(among([step.value]));
      else if (step.op === 'in') stack.push(among(step.values));
      else {
        const above = typeof value === 'number' && (step.minOpen ? value > step.min : value >= step.min);
        const below = typeof value === 'number' && (step.maxOpen ? value < step.max : value <= step.max);
        stack.push(above && below);
      }
    }
  }
  return stack[0] ?? false;
}

const item: fc.Arbitrary<Shown> = fc.record({
  price: fc.option(fc.integer({ min: -2, max: 4 })),
  stock: fc.option(fc.boolean()),
  brand: fc.option(fc.constantFrom('a', 'b', 'ü', '')),
  tags: fc.option(fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })),
});
const bound = fc.constantFrom(Number.NEGATIVE_INFINITY, -2, -0, 0, 1, 3, Number.POSITIVE_INFINITY);
const operand = [
  fc.integer({ min: -2, max: 4 }),
  fc.boolean(),
  fc.constantFrom('a', 'b', 'ü', '', 'unheard'),
  fc.constantFrom('x', 'y', 'z', 'unheard'),
] as const;
const leaf: fc.Arbitrary<FilterStep> = fc.oneof(
  ...operand.map((value, column) =>
    fc.oneof(
      fc.record({ op: fc.constant('equals' as const), column: fc.constant(column), value }),
      fc.record({
        op: fc.constant('in' as const),
        column: fc.constant(column),
        values: fc.array<number | boolean | string>(value, { maxLength: 3 }),
      }),
      fc.record({ op: fc.constant('has' as const), column: fc.constant(column) }),
    ),
  ),
  fc.record({
    op: fc.constant('range' as const),
    column: fc.constant(0),
    min: bound,
    max: bound,
    minOpen: fc.boolean(),
    maxOpen: fc.boolean(),
  }),
  fc.constant<FilterStep>({ op: 'all' }),
);
const { program } = fc.letrec<{ program: FilterStep[] }>((tie) => ({
  program: fc.oneof(
    { depthSize: 'small' },
    leaf.map((step) => [step]),
    tie('program').map((steps): FilterStep[] => [...steps, { op: 'not' }]),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('program'), { maxLength: 3 }))
      .map(([op, parts]): FilterStep[] => [...parts.flat(), { op, count: parts.length }]),
  ),
}));

describe('filters', () => {
  test('pass what a plain evaluation passes, also after items have changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { minLength: 1, maxLength: 80 }),
        fc.array(program, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 90 }), fc.option(item)), { maxLength: 30 }),
        async (items, programs, changes) => {
          const engine = core({
            columns: [
              { name: 'price', kind: 'number' },
              { name: 'stock', kind: 'boolean' },
              { name: 'brand', kind: 'category' },
              { name: 'tags', kind: 'tags' },
            ],
          });
          const shown = new Map<string, Shown>(items.map((one, index) => [`i${index}`, one]));
          engine.putItems([...shown.keys()], new Float64Array(items.length), items.map(valuesOf));
          const handles = programs.map((steps) => engine.compileFilter(steps));
          const half = handles[0] ?? -1;
          engine.countEligible(half); // built before the changes; the others after
          for (const [which, change] of changes) {
            const id = `i${which}`;
            if (change) {
              shown.set(id, change);
              engine.putItems([id], new Float64Array(1), [valuesOf(change)]);
            } else {
              expect(engine.removeItems([id])[0]).toBe(shown.delete(id) ? 1 : 0);
            }
          }
          expect(engine.counts().items).toBe(shown.size);
          for (const [index, steps] of programs.entries()) {
            const expected = [...shown].filter(([, one]) => passes(steps, one)).map(([id]) => id);
            const filter = handles[index] ?? -1;
            expect(engine.countEligible(filter)).toBe(expected.length);
            expect(engine.compileFilter(steps)).toBe(filter);
            const reply = await engine.request(request({ k: 200, filter })).promise;
            expect([...reply.ids].sort()).toEqual([...expected].sort());
            expect(reply.underfilled).toBe(true);
          }
          engine.close();
        },
      ),
      { numRuns: 80 },
    );
  });

  test('that have been dropped for newer ones are not found', () => {
    const engine = core({ columns: [{ name: 'price', kind: 'number' }] });
    const first = engine.compileFilter([{ op: 'equals', column: 0, value: -1 }]);
    for (let price = 0; price < 256; price++) engine.compileFilter([{ op: 'equals', column: 0, value: price }]);
    expectCode(() => engine.countEligible(first), 'KAIRANK_NOT_FOUND');
    expectCode(() => engine.request(request({ filter: first })), 'KAIRANK_NOT_FOUND');
    const again = engine.compileFilter([{ op: 'equals', column: 0, value: -1 }]);
    expect(engine.countEligible(again)).toBe(0);
    engine.close();
  });

  test('with values of another kind than their column are refused', () => {
    const engine = core({
      columns: [
        { name: 'price', kind: 'number' },
        { name: 'brand', kind: 'category' },
      ],
    });
    const wrong: FilterStep[][] = [
      [],
      [{ op: 'equals', column: 0, value: 'a' }],
      [{ op: 'equals', column: 0, value: Number.NaN }],
      [{ op: 'equals', column: 1, value: true }],
      [{ op: 'in', column: 1, values: ['a', 1] }],
      [{ op: 'has', column: 2 }],
      [{ op: 'range', column: 1, min: 0, max: 1, minOpen: false, maxOpen: false }],
      [{ op: 'range', column: 0, min: Number.NaN, max: 1, minOpen: false, maxOpen: false }],
      [{ op: 'and', count: 1 }],
      [{ op: 'all' }, { op: 'all' }],
    ];
    for (const steps of wrong) expectCode(() => engine.compileFilter(steps), 'KAIRANK_INVALID_ARGUMENT');
    engine.close();
  });
});

describe('requests', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

  /** a has 1 event, b 2, ... f 6, each of a user of its own. */
  function shop(): ReturnType<typeof core> {
    const engine = core({ typeWeights: [1, -1] });
    putPlain(engine, ids);
    const events = ids.flatMap((id, index) => Array.from({ length: index + 1 }, (_, n) => ({ user: `${id}${n}`, item: id, at: n })));
    addEvents(engine, events);
    return engine;
  }

  test('follow the order of events, one step an event, as a history that is read whole', async () => {
    const { learning } = native();
    // A ring that some walk one step at a time, some two: what comes next follows from the last two events.
    const ring = 20;
    const walks = Array.from({ length: 400 }, (_, user) => {
      const step = 1 + (Math.floor(user / ring) % 2);
      return Array.from({ length: 7 }, (_unused, place) => (user + place * step) % ring);
    });
    const train = {
      offsets: Float64Array.from({ length: walks.length + 1 }, (_, user) => user * 7),
      rows: Uint32Array.from(walks.flat()),
      types: new Uint16Array(walks.length * 7),
      weights: new Float32Array(walks.length * 7).fill(1),
      times: Float64Array.from({ length: walks.length * 7 }, (_, place) => place * 1000),
    };
    const data = learning.createDataset(ring, train, null);
    const options = { seed: 1, threads: 2, excludeSeen: true, budget: 0, checkpoint: null };
    const { sequence } = await learning.learnSequence(data, { epochs: 40, cosine: 0, pooled: 0 }, options).promise;
    const engine = core();
    const ids = Array.from({ length: ring }, (_, row) => `i${row}`);
    putPlain(engine, ids);
    engine.publish(
      learning.createModels({
        items: ring,
        rules: null,
        factors: null,
        sequence,
        sessions: null,
        content: null,
        ranker: null,
        recent: null,
        returns: null,
        popularity: new Float32Array(ring).fill(1),
        attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
        blend: { weight: SOURCES.map((source) => Number(source === 'sequence')), missing: SOURCES.map(() => 0) },
        excludeSeen: true,
      }),
    );
    for (const step of [1, 2]) {
      const user = `walker${step}`;
      const visit: { item: string; at: number }[] = [];
      for (let place = 0; place < 6; place++) {
        const event = { item: `i${3 + place * step}`, at: place * 1000 };
        visit.push(event);
        addEvents(engine, [{ user, ...event }]);
        const kept = await engine.request(request({ user, k: 3 })).promise;
        const whole = await engine.request(
          request({
            events: {
              items: visit.map(({ item }) => item),
              types: new Uint16Array(visit.length),
              times: Float64Array.from(visit, ({ at }) => at),
            },
            k: 3,
          }),
        ).promise;
        expect(kept.ids).toEqual(whole.ids);
        for (const [index, score] of kept.scores.entries()) expect(score).toBeCloseTo(whole.scores[index] ?? Number.NaN, 3);
        if (place > 0) expect(kept.ids[0]).toBe(`i${(3 + (place + 1) * step) % ring}`);
      }
    }
    engine.close();
  });

  test('are answered by popularity before any training', async () => {
    const engine = shop();
    const reply = await engine.request(request({ k: 3 })).promise;
    expect(reply.ids).toEqual(['f', 'e', 'd']);
    expect(reply).toMatchObject({ underfilled: false, known: true, refused: [], reasonItems: [] });
    expect(reply.scores).toHaveLength(3);
    expect([...reply.scores]).toEqual([...reply.scores].sort((x, y) => y - x));
    expect([...reply.sources]).toEqual([8, 8, 8]);
    expect(reply.parts).toHaveLength(3 * SOURCES.length);
    expect(reply.waited).toBeGreaterThanOrEqual(0);
    expect(reply.took).toBeGreaterThan(0);
    engine.close();
  });

  test('are answered by the models that are published, and name the events that spoke for an item', async () => {
    const engine = shop();
    const { learning } = native();
    // After a comes c, after b comes d; nothing else is known.
    const rules = learning.rulesFromTensors(6, {
      offsets: Float64Array.of(0, 1, 2, 2, 2, 2, 2),
      columns: Uint32Array.of(2, 3),
      values: Float32Array.of(1, 1),
      decay: 0.5,
      maxEvents: 10,
    });
    const models = learning.createModels({
      items: 6,
      rules,
      factors: null,
      sequence: null,
      sessions: null,
      content: null,
      ranker: null,
      recent: null,
      returns: null,
      popularity: new Float32Array(6),
      attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
      blend: { weight: [1, 0, 0, 0, 0, 0, 0, 0], missing: [5, 0, 0, 0, 0, 0, 0, 0] },
      excludeSeen: true,
    });
    engine.publish(models);
    addEvents(engine, [
      { user: 'new', item: 'a', type: 0, at: 1 },
      { user: 'new', item: '', type: 1, weight: 0, at: 2 },
      { user: 'new', item: 'b', type: 0, at: 3 },
    ]);
    const reply = await engine.request(request({ user: 'new', k: 2, reasons: 2 })).promise;
    expect(reply.ids).toEqual(['d', 'c']);
    expect([reply.reasonItems[0], reply.reasonItems[2]]).toEqual(['b', 'a']);
    expect(reply.reasonItems).toHaveLength(4);
    expect(reply.reasonWeights[0]).toBeGreaterThan(0);
    expect([...reply.sources]).toEqual([1, 1]);
    // A visit may come back to what it has seen, when the request says so; items put later are shown last.
    putPlain(engine, ['g']);
    const again = await engine.request(request({ user: 'new', excludeSeen: false })).promise;
    expect(again.ids.at(-1)).toBe('g');
    expect([...again.ids].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expectCode(() => Reflect.apply(engine.publish.bind(engine), undefined, [rules]), 'KAIRANK_INVALID_ARGUMENT');
    engine.publish(null);
    expect((await engine.request(request({ k: 1 })).promise).ids).toEqual(['f']);
    engine.close();
  });

  test('see new events once a tenth more have come', async () => {
    const engine = shop();
    await engine.request(request()).promise;
    addEvents(
      engine,
      Array.from({ length: 10 }, (_, n) => ({ user: 'late', item: 'a', at: n })),
    );
    expect((await engine.request(request({ k: 1 })).promise).ids).toEqual(['a']);
    engine.close();
  });

  test('leave out what the shopper has, what is excluded and what is gone', async () => {
    const engine = shop();
    engine.removeItems(['e']);
    const asked = request({ user: 'f0', exclude: ['d', 'nobody'] });
    expect(await engine.request(asked).promise).toMatchObject({ ids: ['c', 'b', 'a'], underfilled: true, known: true });
    const repeated = await engine.request({ ...asked, excludeSeen: false }).promise;
    expect(repeated.ids).toEqual(['f', 'c', 'b', 'a']);
    const visit = { items: ['f', null, 'unheard', 'c'], types: Uint16Array.of(0, 0, 0, 1), times: Float64Array.of(1, 2, 3, 4) };
    const anonymous = await engine.request(request({ events: visit })).promise;
    expect(anonymous.ids).toEqual(['d', 'c', 'b', 'a']);
    engine.close();
  });

  test('of an unknown user are those of nobody, and say so', async () => {
    const engine = shop();
    expect(await engine.request(request({ user: 'stranger', k: 2 })).promise).toMatchObject({ ids: ['f', 'e'], known: false });
    engine.close();
  });

  test('rank what is given and name what they refuse', async () => {
    const engine = shop();
    engine.removeItems(['b']);
    const reply = await engine.request(request({ mode: 'rank', user: 'f0', items: ['c', 'unheard', 'f', 'b', 'a', 'd'], exclude: ['d'] }))
      .promise;
    expect(reply.ids).toEqual(['f', 'c', 'a']);
    expect(reply.refused).toEqual(['unheard', 'b', 'd']);
    expect((await engine.request(request({ mode: 'rank', items: [] })).promise).ids).toEqual([]);
    engine.close();
  });

  test('for similar items never show the item itself', async () => {
    const engine = shop();
    expect((await engine.request(request({ mode: 'similar', items: ['f'], excludeSeen: false })).promise).ids).toEqual([
      'e',
      'd',
      'c',
      'b',
      'a',
    ]);
    expectCode(() => engine.request(request({ mode: 'similar', items: ['unheard'] })), 'KAIRANK_NOT_FOUND');
    engine.close();
  });

  test('are settled with KAIRANK_ABORTED when cancelled, and cancelling twice or late is nothing', async () => {
    const engine = shop();
    const calls = Array.from({ length: 50 }, () => engine.request(request()));
    for (const call of calls) {
      call.cancel();
      call.cancel();
    }
    for (const call of calls) expect(codeOf(await call.promise.catch((error: unknown) => error))).toBe('KAIRANK_ABORTED');
    const answered = engine.request(request());
    await answered.promise;
    answered.cancel();
    engine.close();
  });

  test('beyond the queue are refused with KAIRANK_OVERLOADED, and the others are answered', async () => {
    const engine = core({ queueLimit: 2 });
    // Long lists, so that even many threads do not keep up with a loop that asks.
    const many = Array.from({ length: 20_000 }, (_, index) => `item${index}`);
    putPlain(engine, many);
    const sent: Promise<unknown>[] = [];
    let refusal: unknown;
    for (let i = 0; i < 1000; i++) {
      try {
        sent.push(engine.request(request({ k: 20_000, candidates: 20_000 })).promise);
      } catch (error) {
        refusal ??= codeOf(error);
      }
    }
    expect(refusal).toBe('KAIRANK_OVERLOADED');
    expect(sent.length).toBeGreaterThanOrEqual(2);
    for (const reply of await Promise.all(sent)) expect(reply).toMatchObject({ underfilled: false });
    engine.close();
  });

  test('that wait past their deadline fail with KAIRANK_DEADLINE_EXCEEDED', async () => {
    const engine = core();
    putPlain(engine, ['a']);
    // The deadline has passed when a thread could first look at it.
    const call = engine.request(request({ deadline: 1e-6 }));
    expect(codeOf(await call.promise.catch((error: unknown) => error))).toBe('KAIRANK_DEADLINE_EXCEEDED');
    expect((await engine.request(request({ deadline: 60_000 })).promise).ids).toEqual(['a']);
    engine.close();
  });

  test('that ask again as soon as they are answered leave the event loop its turns', async () => {
    const engine = shop();
    const inFlight = 50;
    const answers = 2000;
    let answered = 0;
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const ask = async (): Promise<void> => {
      while (answered < answers) {
        await engine.request(request({ k: 1, candidates: 1 })).promise;
        answered++;
        // Long enough for the next answer to arrive before this one has been dealt with.
        const start = performance.now();
        while (performance.now() - start < 0.5);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, ask));
    running = false;
    // At most everything in flight is settled twice within one turn.
    expect(turns).toBeGreaterThanOrEqual(answers / (2 * inFlight) - 2);
    engine.close();
  });

  test('wrong ones are refused by name', () => {
    const engine = shop();
    const wrong: [string, Partial<Record<keyof ReturnType<typeof request>, unknown>>][] = [
      ['k', { k: 0 }],
      ['k', { k: 1.5 }],
      ['k', { k: 1e9 }],
      ['candidates', { candidates: 0 }],
      ['now', { now: Number.NaN }],
      ['deadline', { deadline: -1 }],
      ['reasons', { reasons: -1 }],
      ['reasons', { reasons: 64, k: 100_000 }],
      ['mode', { mode: 'guess' }],
      ['user', { user: 5 }],
      ['user', { user: '' }],
      ['filter', { filter: 0.5 }],
      ['filter', { filter: Number.NaN }],
      ['excludeSeen', { excludeSeen: 1 }],
      ['exclude[1]', { exclude: ['a', {}] }],
      ['items', { mode: 'rank', items: 'abc' }],
      ['items', { mode: 'similar', items: [] }],
      ['events.times', { events: { items: ['a'], types: new Uint16Array(1), times: new Float64Array(2) } }],
      ['events.types[0]', { events: { items: ['a'], types: Uint16Array.of(2), times: new Float64Array(1) } }],
    ];
    for (const [name, given] of wrong) {
      let message = 'nothing was thrown';
      try {
        // The values are wrong on purpose, so the types cannot agree.
        engine.request({ ...request(), ...(given as object) });
      } catch (error) {
        expect(codeOf(error)).toBe('KAIRANK_INVALID_ARGUMENT');
        message = error instanceof Error ? error.message : '';
      }
      expect(message).toContain(name);
    }
    engine.close();
  });

  test('refuse buffers that have been given away', () => {
    const engine = core();
    const times = new Float64Array(1);
    structuredClone(times, { transfer: [times.buffer] });
    expectCode(() => engine.addEvents(['u'], ['a'], new Uint16Array(1), new Float32Array(1), times), 'KAIRANK_INVALID_ARGUMENT');
    // A getter that gives a buffer away while the arguments are being read.
    const keys = new Float64Array(2);
    const ids = ['a', 'b'];
    Object.defineProperty(ids, 1, {
      get: () => {
        if (keys.byteLength > 0) structuredClone(keys, { transfer: [keys.buffer] });
        return 'b';
      },
    });
    expectCode(() => engine.putItems(ids, keys, [[], []]), 'KAIRANK_INVALID_ARGUMENT');
    expect(engine.counts().events).toBe(0);
    engine.close();
  });
});

describe('handles', () => {
  test('of one token share one state', async () => {
    const one = core();
    const two = native().attachCore(one.token);
    expect(two.token).toBe(one.token);
    putPlain(one, ['a', 'b']);
    addEvents(two, [{ user: 'u', item: 'b', at: 1 }]);
    expect(one.counts()).toEqual({ items: 2, rows: 2, users: 1, events: 1 });
    expect((await one.request(request()).promise).ids).toEqual(['b', 'a']);
    one.close();
    expectCode(() => two.counts(), 'KAIRANK_CLOSED');
    expectCode(() => two.request(request()), 'KAIRANK_CLOSED');
    expectCode(() => native().attachCore(1n << 60n), 'KAIRANK_NOT_FOUND');
    two.close();
    two.close();
  });

  test('that close leave calls in flight answered or closed', async () => {
    const engine = core();
    putPlain(engine, ['a']);
    const { token } = engine;
    const calls = Array.from({ length: 200 }, () => engine.request(request()));
    engine.close();
    for (const call of calls) {
      const end = await call.promise.then((reply) => reply.ids, codeOf);
      expect([['a'], 'KAIRANK_CLOSED']).toContainEqual(end);
    }
    expectCode(() => engine.hasItem('a'), 'KAIRANK_CLOSED');
    expectCode(() => native().attachCore(token), 'KAIRANK_NOT_FOUND');
  });

  test('that are closed by a getter while arguments are read do no harm', () => {
    const engine = core();
    const given = Object.defineProperty(request(), 'now', {
      get: () => {
        engine.close();
        return 0;
      },
    });
    expectCode(() => engine.request(given), 'KAIRANK_CLOSED');
  });
});
