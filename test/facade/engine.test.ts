import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, defineCatalog, Engine, KairankError } from '../../src/index.js';

const catalog = defineCatalog({ fields: { price: 'number', brand: 'category', title: 'text' } });
type Shop = typeof catalog.fields;
const opened: { close(): Promise<void> }[] = [];
async function open(dir: string | null, options: Parameters<typeof Engine.open<Shop>>[1] = { catalog }): Promise<Engine<Shop>> {
  const engine = await Engine.open<Shop>(dir, options);
  opened.push(engine);
  return engine;
}

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'kairank-engine-')), 'shop');
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

const ITEMS = Array.from({ length: 30 }, (_, index) => ({
  id: `i${index}`,
  price: index,
  brand: index % 2 ? 'acme' : 'globex',
  title: `Thing ${index}`,
}));
const EVENTS = Array.from({ length: 200 }, (_, index) => ({
  user: `u${index % 12}`,
  item: `i${(index * index) % 30}`,
  type: (['view', 'cart', 'purchase'] as const)[index % 3] ?? 'view',
  at: 1.7e12 + index * 60_000,
}));
const fails = (code: string, field?: string): unknown =>
  expect.objectContaining({ name: 'KairankError', code, ...(field ? { field } : {}) });
const ids = (answer: Answer): string[] => answer.items.map(({ id }) => id);

describe('a folder', () => {
  it('gives the same answers after closing and opening again', async () => {
    const first = await open(dir);
    await first.items.put(ITEMS.slice(0, 20));
    await first.events.add(EVENTS.slice(0, 100));
    await first.items.put(ITEMS.slice(15));
    await first.items.remove(['i3', 'i29']);
    for (const event of EVENTS.slice(100)) await first.events.add(event);
    const ask = async (engine: Engine<Shop>): Promise<unknown[]> => [
      engine.stats,
      await Promise.all(
        ['u1', 'u5', 'nobody'].map(
          async (user) => (await engine.recommend({ user, k: 30, where: { price: { gte: 2 } }, fields: ['title'] })).items,
        ),
      ),
      (await engine.similar({ item: 'i4', k: 30 })).items,
      await engine.shopper('u1'),
      await engine.items.get('i4'),
    ];
    const before = await ask(first);
    await first.close();
    const again = await Engine.open(dir);
    opened.push(again);
    expect(await ask(again as unknown as Engine<Shop>)).toEqual(before);
    expect(again.catalog).toEqual(catalog);
  });

  it('has every event whose promise resolved, when the process is killed', async () => {
    const script = `
      import { defineCatalog, Engine } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
      const engine = await Engine.open(${JSON.stringify(dir)}, { catalog: defineCatalog({ fields: {} }) });
      let stored = 0;
      setTimeout(() => { process.stdout.write(String(stored), () => process.kill(process.pid, 'SIGKILL')); }, 300);
      for (let round = 0; ; round++) {
        await Promise.all([0, 1, 2].map(async (one) => {
          await engine.events.add({ user: 'u' + one, item: 'i' + round % 7, type: 'view', at: round });
          stored++;
        }));
      }`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(run.signal).toBe('SIGKILL');
    const stored = Number(run.stdout);
    expect(stored).toBeGreaterThan(0);
    const engine = await Engine.open(dir);
    opened.push(engine);
    expect(engine.stats.events).toBeGreaterThanOrEqual(stored);
    expect(engine.stats.events).toBeLessThanOrEqual(stored + 3);
    const { events } = await engine.shopper('u1', { limit: 100_000 });
    expect(events.map(({ at }) => at)).toEqual(events.map((_, index) => index));
  });

  it('has one owner, and readers beside it', async () => {
    const engine = await open(dir);
    await engine.items.put(ITEMS);
    await expect(Engine.open(dir)).rejects.toThrowError(fails('KAIRANK_FOLDER_LOCKED', 'dir'));
    const reader = await open(dir, { readOnly: true });
    expect(reader.items.count).toBe(30);
    await expect(reader.items.put({ id: 'x' })).rejects.toThrowError(fails('KAIRANK_READ_ONLY'));
    await expect(reader.events.add({ user: 'u', item: 'i1', type: 'view' })).rejects.toThrowError(fails('KAIRANK_READ_ONLY'));
    await reader.close();
    await engine.items.remove('i1');
    await engine.close();
    expect((await open(dir)).items.count).toBe(29);
  });

  it('takes new optional fields and event types, and names what it cannot take', async () => {
    const engine = await open(dir, { catalog, eventTypes: { wishlist: { weight: 2 } } });
    await engine.items.put({ id: 'a', price: 1 });
    await engine.events.add({ user: 'u', item: 'a', type: 'wishlist' });
    await engine.close();
    const wrong = defineCatalog({ fields: { ...catalog.fields, price: 'text' } });
    await expect(Engine.open(dir, { catalog: wrong })).rejects.toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'catalog.fields.price'));
    const wider = defineCatalog({ fields: { ...catalog.fields, size: 'number' } });
    const grown = await Engine.open(dir, { catalog: wider, eventTypes: { gift: { weight: 1 } } });
    opened.push(grown);
    await grown.items.put({ id: 'b', size: 4 });
    expect(ids(await grown.recommend({ user: 'u', where: { size: 4 } }))).toEqual(['b']);
    expect(ids(await grown.recommend({ user: 'u', where: { price: 1 }, excludeSeen: false }))).toEqual(['a']);
    expect((await grown.shopper('u')).events).toEqual([{ item: 'a', type: 'wishlist', at: expect.any(Number) as number, weight: 2 }]);
    expect(grown.eventTypes.slice(-2)).toEqual(['wishlist', 'gift']);
  });

  it('needs a catalogue when it is new', async () => {
    await expect(Engine.open(dir)).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT', 'catalog'));
    await expect(Engine.open(null)).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT', 'catalog'));
  });
});

describe('items', () => {
  it('are put, replaced whole, read and removed', async () => {
    const engine = await open(null);
    expect(await engine.items.put([{ id: 'a', price: 1, brand: 'acme' }, { id: 'b' }])).toEqual({ put: 2 });
    await engine.items.put({ id: 'a', price: 2 });
    expect(await engine.items.get('a')).toEqual({ id: 'a', fields: { price: 2 } });
    expect(ids(await engine.recommend({ user: 'u', where: { brand: 'acme' } }))).toEqual([]);
    expect(await engine.items.remove(['a', 'zzz', 'a'])).toEqual({ removed: 1 });
    expect(engine.items.has('a')).toBe(false);
    expect(engine.items.count).toBe(1);
    await expect(engine.items.get('a')).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'id'));
  });

  it('are refused all together', async () => {
    const engine = await open(null);
    const wrong = [{ id: 'a' }, { id: 'b', price: Number.NaN }];
    await expect(engine.items.put(wrong)).rejects.toThrowError(fails('KAIRANK_INVALID_SCHEMA', 'items[1].price'));
    expect(engine.items.count).toBe(0);
  });

  it('that events name first are held until they are put', async () => {
    const engine = await open(dir);
    await engine.events.add([{ user: 'u', item: 'later', type: 'purchase' }]);
    expect(ids(await engine.recommend({ user: 'v' }))).toEqual([]);
    await expect(engine.similar({ item: 'later' })).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'item'));
    await engine.items.put({ id: 'later', price: 1 });
    expect(ids(await engine.recommend({ user: 'v' }))).toEqual(['later']);
    expect((await engine.shopper('u')).events[0]?.item).toBe('later');
  });

  it('that events name first are admitted where that is wanted, and stay removed', async () => {
    const engine = await open(dir, { catalog, unknownItems: 'admit' });
    await engine.events.add({ user: 'u', item: 'new', type: 'purchase' });
    expect(ids(await engine.recommend({ user: 'v' }))).toEqual(['new']);
    await engine.items.remove('new');
    await engine.events.add({ user: 'u', item: 'new', type: 'purchase' });
    expect(ids(await engine.recommend({ user: 'v' }))).toEqual([]);
    await engine.close();
    const again = await open(dir, { catalog, unknownItems: 'admit' });
    expect(ids(await again.recommend({ user: 'v' }))).toEqual([]);
    const strict = defineCatalog({ fields: { price: { kind: 'number', required: true } } });
    await expect(Engine.open(null, { catalog: strict, unknownItems: 'admit' })).rejects.toThrowError(
      fails('KAIRANK_INVALID_ARGUMENT', 'unknownItems'),
    );
  });
});

describe('events', () => {
  it('with an id are stored once, also across calls and openings', async () => {
    const engine = await open(dir);
    const event = (id: string) => ({ user: 'u', item: 'i', type: 'view' as const, id });
    expect(await engine.events.add([event('a'), event('b'), event('a')])).toEqual({ accepted: 2, duplicates: 1 });
    const both = await Promise.all([engine.events.add(event('c')), engine.events.add([event('c'), event('d')])]);
    expect(both).toEqual([
      { accepted: 1, duplicates: 0 },
      { accepted: 1, duplicates: 1 },
    ]);
    await engine.close();
    const again = await open(dir);
    expect(await again.events.add([event('a'), event('e')])).toEqual({ accepted: 1, duplicates: 1 });
    expect(again.events.count).toBe(5);
  });

  it('are refused all together, by name', async () => {
    const engine = await open(null);
    const wrong = [...EVENTS.slice(0, 3), { user: 'u', item: 'i', type: 'veiw' }];
    await expect(engine.events.add(wrong as never)).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT', 'events[3].type'));
    expect(engine.events.count).toBe(0);
    await expect(engine.shopper('u0')).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'user'));
  });

  it('find their place by time when they come late', async () => {
    const engine = await open(dir);
    await engine.events.add([3, 1, 2].map((at) => ({ user: 'u', item: `i${at}`, type: 'view' as const, at })));
    await engine.events.add({ user: 'u', type: 'search', query: 'shoes', at: 1.5 });
    const items = ['i1', null, 'i2', 'i3'];
    expect((await engine.shopper('u')).events.map(({ item }) => item)).toEqual(items);
    await engine.close();
    expect((await (await open(dir)).shopper('u')).events.map(({ item }) => item)).toEqual(items);
  });
});

describe('requests', () => {
  let engine: Engine<Shop>;
  beforeEach(async () => {
    engine = await open(null);
    await engine.items.put(ITEMS);
    await engine.events.add(EVENTS);
  });

  it('say what happened', async () => {
    const answer = await engine.recommend({ user: 'u1', k: 3, where: { brand: 'acme' }, fields: ['title'], exclude: ['i1'] });
    expect(answer).toMatchObject({ degraded: [], underfilled: false });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.items).toHaveLength(3);
    for (const { id, score, fields, reasons } of answer.items) {
      expect(Number(id.slice(1)) % 2).toBe(1);
      expect(id).not.toBe('i1');
      expect(Number.isFinite(score)).toBe(true);
      expect(fields).toEqual({ title: `Thing ${id.slice(1)}` });
      expect(reasons.length).toBeGreaterThan(0);
    }
    const bare = await engine.recommend({ events: [{ item: 'i4' }], k: 30, excludeSeen: false, reasons: false });
    expect(bare.items).toHaveLength(30);
    expect(bare.items.every((item) => item.reasons.length === 0 && !('fields' in item))).toBe(true);
    expect(await engine.recommend({ user: 'u1', k: 31, excludeSeen: false })).toMatchObject({ underfilled: true });
  });

  it('leave out what was seen only where that is asked', async () => {
    const seen = new Set(EVENTS.filter(({ user }) => user === 'u1').map(({ item }) => item));
    const fresh = await engine.recommend({ user: 'u1', k: 30, scenario: 'discover' });
    expect(ids(fresh).filter((id) => seen.has(id))).toEqual([]);
    expect(ids(fresh)).toHaveLength(30 - seen.size);
    expect(ids(await engine.recommend({ user: 'u1', k: 30, scenario: 'continue' }))).toHaveLength(30);
  });

  it('rank what is given and refuse what is not there', async () => {
    const answer = await engine.rank({ user: 'u1', items: ['i3', 'nope', 'i8', 'i3'] });
    expect(ids(answer).sort()).toEqual(['i3', 'i8']);
    expect(answer.refused).toEqual(['nope']);
  });

  it('find similar items, less the item itself', async () => {
    const answer = await engine.similar({ item: 'i4', k: 30 });
    expect(ids(answer)).toHaveLength(29);
    expect(ids(answer)).not.toContain('i4');
  });

  it('treat an unknown user as told', async () => {
    expect((await engine.recommend({ user: 'nobody' })).items).toHaveLength(10);
    await expect(engine.recommend({ user: 'nobody', onUnknownUser: 'error' })).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'user'));
    await expect(engine.shopper('nobody')).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'user'));
  });

  it.each<[string, string, unknown]>([
    ['KAIRANK_INVALID_ARGUMENT', 'k', { user: 'u', k: 0 }],
    ['KAIRANK_INVALID_ARGUMENT', 'k', { user: 'u', k: 1.5 }],
    ['KAIRANK_INVALID_ARGUMENT', 'k', { user: 'u', k: 1e9 }],
    ['KAIRANK_INVALID_ARGUMENT', 'k', { user: 'u', k: Number.NaN }],
    ['KAIRANK_INVALID_ARGUMENT', 'k', { user: 'u', k: '3' }],
    ['KAIRANK_INVALID_ARGUMENT', 'user', {}],
    ['KAIRANK_INVALID_ARGUMENT', 'user', { user: '' }],
    ['KAIRANK_INVALID_ARGUMENT', 'user', { user: 'u', events: [{ item: 'i1' }] }],
    ['KAIRANK_INVALID_ARGUMENT', 'events', { events: [] }],
    ['KAIRANK_INVALID_ARGUMENT', 'events[0].item', { events: [{}] }],
    [
      'KAIRANK_INVALID_ARGUMENT',
      'events[1].at',
      {
        events: [
          { item: 'a', at: 5 },
          { item: 'a', at: 4 },
        ],
      },
    ],
    ['KAIRANK_INVALID_ARGUMENT', 'scenario', { user: 'u', scenario: 'home' }],
    ['KAIRANK_INVALID_ARGUMENT', 'exclude[1]', { user: 'u', exclude: ['a', 3] }],
    ['KAIRANK_INVALID_ARGUMENT', 'deadline', { user: 'u', deadline: 0 }],
    ['KAIRANK_INVALID_ARGUMENT', 'signal', { user: 'u', signal: {} }],
    ['KAIRANK_INVALID_ARGUMENT', 'candidates', { user: 'u', candidates: 3 }],
    ['KAIRANK_INVALID_ARGUMENT', 'limit', { user: 'u', limit: 3 }],
    ['KAIRANK_INVALID_ARGUMENT', 'request', null],
    ['KAIRANK_UNKNOWN_FIELD', 'fields[0]', { user: 'u', fields: ['size'] }],
    ['KAIRANK_UNKNOWN_FIELD', 'where.size', { user: 'u', where: { size: 3 } }],
  ])('are refused with %s for %s: %j', async (code, field, request) => {
    await expect(engine.recommend(request as never)).rejects.toThrowError(fails(code, field));
  });

  it('are refused or answered, whatever is asked', async () => {
    const keys = [
      'user',
      'events',
      'k',
      'where',
      'exclude',
      'fields',
      'items',
      'item',
      'text',
      'deadline',
      'scenario',
      'candidates',
      'reasons',
    ];
    const likely = fc.oneof(
      fc.anything(),
      fc.constantFrom('u1', 'i3', 3, 1, true, ['i1', 'i2'], [{ item: 'i3' }], ['title'], { price: 3 }),
    );
    const request = fc.dictionary(fc.constantFrom(...keys), likely);
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom('recommend' as const, 'rank' as const, 'similar' as const), async (given, method) => {
        try {
          await engine[method](given as never);
        } catch (error) {
          expect(error).toBeInstanceOf(KairankError);
          expect((error as KairankError).code).not.toBe('KAIRANK_INTERNAL');
        }
      }),
      { numRuns: 400 },
    );
  });

  it('stop when they are aborted', async () => {
    const stop = new AbortController();
    stop.abort('enough');
    await expect(engine.recommend({ user: 'u1', signal: stop.signal })).rejects.toThrowError(fails('KAIRANK_ABORTED'));
    const late = new AbortController();
    const call = engine.recommend({ user: 'u1', signal: late.signal });
    late.abort();
    const outcome = await call.then(
      (answer) => answer.items.length,
      (error: unknown) => (error instanceof KairankError ? error.code : error),
    );
    expect([10, 'KAIRANK_ABORTED']).toContain(outcome);
  });
});

describe('an engine in several threads', () => {
  it('answers in a worker with the last event, with titles, and writes nowhere but at its owner', async () => {
    const engine = await open(dir);
    await engine.items.put(ITEMS);
    await engine.events.add(EVENTS);
    const worker = new Worker(new URL('./attached.worker.mjs', import.meta.url), { workerData: engine.share() });
    const next = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    try {
      expect(await next()).toEqual(Array.from({ length: 4 }, () => 'KAIRANK_READ_ONLY'));
      await engine.events.add({ user: 'u1', item: 'i7', type: 'view' });
      const asked = next();
      worker.postMessage('u1');
      const here = await engine.recommend({ user: 'u1', k: 5, where: { brand: 'acme' }, fields: ['title'] });
      expect(await asked).toEqual({ items: here.items, last: 'i7', title: 'Thing 7' });
    } finally {
      await worker.terminate();
    }
    expect((await engine.recommend({ user: 'u1' })).items).toHaveLength(10);
  });

  it('refuses a token that was not shared, or no longer is', async () => {
    expect(() => Engine.attach({} as never)).toThrowError(fails('KAIRANK_INVALID_ARGUMENT', 'token'));
    const engine = await open(null);
    const token = engine.share();
    await engine.close();
    expect(() => Engine.attach(token)).toThrowError(fails('KAIRANK_NOT_FOUND'));
  });
});

describe('close', () => {
  it('may be called again, and everything after it fails', async () => {
    const engine = await open(dir);
    const written = engine.items.put(ITEMS);
    await Promise.all([engine.close(), engine.close()]);
    expect(await written).toEqual({ put: 30 });
    await engine.close();
    const calls = [
      () => engine.items.put({ id: 'a' }),
      () => engine.items.remove('a'),
      () => engine.items.get('a'),
      () => engine.events.add({ user: 'u', item: 'a', type: 'view' }),
      () => engine.recommend({ user: 'u' }),
      () => engine.rank({ user: 'u', items: ['a'] }),
      () => engine.similar({ item: 'a' }),
      () => engine.shopper('u'),
      () => engine.train(),
    ];
    for (const call of calls) await expect(call()).rejects.toThrowError(fails('KAIRANK_CLOSED'));
    expect(() => engine.stats).toThrowError(fails('KAIRANK_CLOSED'));
    expect(() => engine.share()).toThrowError(fails('KAIRANK_CLOSED'));
    expect((await open(dir)).items.count).toBe(30);
  });

  it.each(['folder', 'memory'])('settles the requests that are under way (%s)', async (where) => {
    const engine = await open(where === 'folder' ? dir : null);
    await engine.items.put(ITEMS);
    const calls = Array.from({ length: 200 }, () => engine.recommend({ user: 'u', fields: ['title'] }));
    await engine.close();
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'KAIRANK_CLOSED' });
    }
  });
});
