import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineCatalog, Engine, type TrainProgress } from '../../src/index.js';
import { sliceHistories } from '../../src/learn/slice.js';
import { refitModels, trainModels } from '../../src/learn/train.js';

const catalog = defineCatalog({ fields: { aisle: 'category', title: 'text' } });
type Shop = typeof catalog.fields;

/** Two kinds of shoppers, each walking along an aisle of their own: what comes next follows from what came last. */
const AISLE = 20;
const items = Array.from({ length: 2 * AISLE }, (_, index) => ({
  id: `i${index}`,
  aisle: index < AISLE ? 'left' : 'right',
  title: `Thing ${index}`,
}));
const events = Array.from({ length: 120 }, (_, user) =>
  Array.from({ length: 6 }, (_, step) => ({
    user: `u${user}`,
    item: `i${(user % 2) * AISLE + ((Math.floor(user / 2) + step) % AISLE)}`,
    type: 'purchase' as const,
    at: 1.7e12 + user * 1e6 + step * 1000,
  })),
).flat();
const fails = (code: string): unknown => expect.objectContaining({ name: 'KairankError', code });

let dir: string;
const opened: { close(): Promise<void> }[] = [];
async function shop(folder: string | null = dir): Promise<Engine<Shop>> {
  const engine = await Engine.open<Shop>(folder, { catalog });
  opened.push(engine);
  return engine;
}
async function filled(folder: string | null = dir): Promise<Engine<Shop>> {
  const engine = await shop(folder);
  await engine.items.put(items);
  await engine.events.add(events);
  return engine;
}
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'kairank-train-')), 'shop');
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

describe('train', () => {
  it('learns what follows what, says why, and keeps it over an opening', async () => {
    const engine = await filled();
    const seen: TrainProgress[] = [];
    const result = await engine.train({ seed: 7, threads: 2, onProgress: (progress) => seen.push(progress) });
    expect(result).toMatchObject({ seed: 7, threads: 2, items: 40, users: 120, events: 720, refitted: true });
    expect(result.validation).toMatchObject({ cases: 120 });
    expect(result.validation?.ndcg).toBeGreaterThan(0.5);
    expect(result.rules?.trials.length).toBeGreaterThan(1);

    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual([
      'rules',
      'sessions',
      'factors',
      'content',
      'sequence',
      'blend',
      'ranker',
      'refit',
      'next',
      'save',
    ]);
    for (const [index, { fraction, elapsed }] of seen.entries()) {
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThanOrEqual(1);
      expect(elapsed).toBeGreaterThanOrEqual(seen[index - 1]?.elapsed ?? 0);
    }
    expect(seen.at(-1)).toMatchObject({ phase: 'save', fraction: 1 });

    const visit = [{ item: 'i3' }, { item: 'i4', type: 'purchase' as const }];
    const { items: next } = await engine.recommend({ events: visit, k: 3 });
    expect(next[0]?.id).toBe('i5');
    expect(next[0]?.sources).toContain('rules');
    const [reason] = next[0]?.reasons ?? [];
    expect(reason).toMatchObject({ kind: 'because-you', item: 'i4', type: 'purchase', text: 'Because you bought Thing 4' });
    expect(reason?.weight).toBeGreaterThan(0);
    expect(reason?.weight).toBeLessThanOrEqual(1);
    const alike = await engine.similar({ item: 'i30', k: 3 });
    expect(alike.items.every(({ id }) => Number(id.slice(1)) >= AISLE)).toBe(true);
    expect(alike.items[0]?.reasons[0]).toMatchObject({ kind: 'similar-to', item: 'i30', text: 'Similar to Thing 30' });

    const ask = async (from: Engine<Shop>): Promise<unknown> => [
      (await from.recommend({ user: 'u3', k: 20 })).items,
      (await from.rank({ user: 'u3', items: ['i1', 'i25', 'i30'] })).items,
      (await from.similar({ item: 'i9' })).items,
      from.stats,
    ];
    const before = await ask(engine);
    await engine.close();
    expect(await ask(await shop())).toEqual(before);
  });

  it('keeps within its budget, the simple models first', async () => {
    const engine = await filled(null);
    const { sequence, rules, blend, budget } = await engine.train({ budget: 1 });
    expect(sequence).toBeNull();
    expect(rules).not.toBeNull();
    expect(blend?.weights.sequence).toBe(0);
    expect(budget).toBe(0.001);
    for (const wrong of [0, -1, Number.NaN, '10', '10 m', 'm', '1d', '99999h', null, {}]) {
      await expect(engine.train({ budget: wrong as never }), JSON.stringify(wrong)).rejects.toMatchObject({
        code: 'KAIRANK_INVALID_ARGUMENT',
        field: 'budget',
        expected: expect.stringContaining('"10m"') as string,
      });
    }
  });

  it('gives the same models for the same seed', async () => {
    const weights = async (folder: string): Promise<Buffer> => {
      const engine = await filled(folder);
      const { id } = await engine.train({ seed: 3, threads: 2 });
      return readFileSync(join(folder, 'models', id, 'weights.safetensors'));
    };
    expect((await weights(join(dir, 'a'))).equals(await weights(join(dir, 'b')))).toBe(true);
  });

  it('keeps the bundle before the current one, and no others', async () => {
    const engine = await filled();
    const made = [];
    for (let round = 0; round < 3; round++) made.push((await engine.train({ validation: 0 })).id);
    expect(readdirSync(join(dir, 'models')).sort()).toEqual(made.slice(1).sort());
    expect(engine.stats.models?.id).toBe(made[2]);
  });

  it('goes on with items and events that came after', async () => {
    const engine = await filled();
    await engine.train({ validation: 0 });
    await engine.items.put({ id: 'new', aisle: 'left', title: 'New' });
    await engine.events.add({ user: 'later', item: 'i7', type: 'view' });
    const before = (await engine.recommend({ user: 'later', k: 41, excludeSeen: false })).items;
    expect(before.map(({ id }) => id)).toContain('new');
    await engine.close();
    expect((await (await shop()).recommend({ user: 'later', k: 41, excludeSeen: false })).items).toEqual(before);
  });

  it('leaves the old models when it is aborted, at any moment', async () => {
    const engine = await filled();
    const { id } = await engine.train({ validation: 0 });
    const before = (await engine.recommend({ user: 'u3' })).items;
    for (const phase of ['rules', 'sessions', 'factors', 'sequence', 'blend', 'refit', 'save'] as const) {
      const stop = new AbortController();
      const onProgress = (progress: TrainProgress): void => {
        if (progress.phase === phase) stop.abort();
      };
      await expect(engine.train({ seed: 9, signal: stop.signal, onProgress })).rejects.toThrowError(fails('KAIRANK_ABORTED'));
      expect(engine.stats.models?.id).toBe(id);
      expect((await engine.recommend({ user: 'u3' })).items).toEqual(before);
    }
    await expect(engine.train({ signal: AbortSignal.abort() })).rejects.toThrowError(fails('KAIRANK_ABORTED'));
    const wrong = new Error('listener');
    await expect(
      engine.train({
        onProgress: () => {
          throw wrong;
        },
      }),
    ).rejects.toBe(wrong);
    await engine.close();
    const again = await shop();
    expect(again.stats.models?.id).toBe(id);
    expect((await again.train({ validation: 0 })).id).not.toBe(id);
    expect(readdirSync(join(dir, 'models'))).toHaveLength(2);
  });

  it('runs once at a time, and stops when the engine closes', async () => {
    const engine = await filled();
    const first = engine.train();
    const outcome = expect(first).rejects.toThrowError(fails('KAIRANK_ABORTED'));
    await expect(engine.train()).rejects.toThrowError(fails('KAIRANK_BUSY'));
    expect((await engine.recommend({ user: 'u1' })).items).toHaveLength(10);
    await engine.close();
    await outcome;
  });

  it('works with little, and refuses nothing at all', async () => {
    const engine = await shop();
    await engine.items.put(items);
    await expect(engine.train()).rejects.toThrowError(fails('KAIRANK_NOT_ENOUGH_DATA'));
    await engine.events.add([
      { user: 'u', type: 'search', query: 'x' },
      { user: 'u', item: 'i1', type: 'dismiss' },
    ]);
    await expect(engine.train()).rejects.toThrowError(fails('KAIRANK_NOT_ENOUGH_DATA'));
    expect(engine.stats.models).toBeNull();
    await engine.events.add([
      { user: 'u', item: 'i2', type: 'view' },
      { user: 'u', item: 'i3', type: 'view' },
    ]);
    const result = await engine.train();
    expect(result).toMatchObject({ validation: null, refitted: false });
    expect((await engine.recommend({ events: [{ item: 'i2' }], k: 1 })).items[0]?.id).toBe('i3');
  });

  it('takes shops of every shape', async () => {
    const year = 365 * 86_400_000;
    const shapes: Record<string, { user: string; item: string; at: number }[]> = {
      'one event': [{ user: 'u', item: 'i1', at: 1 }],
      'one item for all': Array.from({ length: 90 }, (_, n) => ({ user: `u${n % 9}`, item: 'i1', at: n })),
      'one shopper with all of it': Array.from({ length: 60_000 }, (_, n) => ({ user: 'bot', item: `i${(n * n) % 40}`, at: n })),
      'times out of order and yet to come': Array.from({ length: 300 }, (_, n) => ({
        user: `u${n % 30}`,
        item: `i${n % 40}`,
        at: Date.now() + (((n * 7919) % 300) - 100) * year,
      })),
      'all at one moment': Array.from({ length: 200 }, (_, n) => ({ user: `u${n % 20}`, item: `i${(n * 3) % 40}`, at: 5 })),
    };
    for (const [shape, list] of Object.entries(shapes)) {
      const engine = await shop(null);
      await engine.items.put(items);
      await engine.events.add(list.map((event) => ({ ...event, type: 'view' as const })));
      const { validation } = await engine.train({ budget: '6s', threads: 2 });
      if (validation) expect(validation.ndcg, shape).toBeLessThanOrEqual(1 + 1e-9);
      const { items: found } = await engine.recommend({ events: [{ item: 'i1' }], k: 5, excludeSeen: false });
      expect(found, shape).toHaveLength(5);
      for (const { score } of found) expect(score, shape).toSatisfy(Number.isFinite);
      await engine.close();
    }
  });

  it.each([
    [{ seed: -1 }],
    [{ seed: 1.5 }],
    [{ threads: 0 }],
    [{ validation: -1 }],
    [{ refit: 'yes' }],
    [{ onProgress: 3 }],
    [{ signal: {} }],
    [{ epochs: 3 }],
    [null],
  ])('refuses %j', async (options) => {
    const engine = await shop(null);
    await expect(engine.train(options as never)).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT'));
  });

  it('works in memory too', async () => {
    const engine = await filled(null);
    await engine.train({ validation: 0 });
    expect((await engine.recommend({ events: [{ item: 'i3' }, { item: 'i4' }], k: 1 })).items[0]?.id).toBe('i5');
  });
});

describe('an item that comes after training', () => {
  it('is recalled for those of the taste of its first shoppers, at once and over an opening', async () => {
    const engine = await filled();
    await engine.train({ validation: 0 });
    await engine.items.put([
      { id: 'other', aisle: 'right', title: 'Newest Thing' },
      { id: 'new', aisle: 'left', title: 'Newest Thing' },
    ]);
    // Nobody has had it: only what it is about speaks for it, and says so at once.
    const visit = { events: [{ item: 'i3' }, { item: 'i5' }], k: 5 };
    const { items: ranked } = await engine.rank({ ...visit, items: ['other', 'new'] });
    expect(ranked.map(({ id, sources }) => ({ id, sources }))).toEqual([
      { id: 'new', sources: ['content'] },
      { id: 'other', sources: ['content'] },
    ]);
    const at = 1.8e12;
    await engine.events.add(
      Array.from({ length: 12 }, (_, index) => ({ user: `u${index * 2}`, item: 'new', type: 'purchase' as const, at: at + index })),
    );
    const scored = async (from: Engine<Shop>): Promise<readonly string[]> =>
      (await from.rank({ ...visit, items: ['new'] })).items[0]?.sources ?? [];
    await expect.poll(() => scored(engine), { timeout: 5000 }).toContain('factors');
    const { items: left } = await engine.recommend({ ...visit, k: 12 });
    expect(left.map(({ id }) => id)).toContain('new');
    const { items: right } = await engine.recommend({ events: [{ item: 'i23' }, { item: 'i25' }], k: 12 });
    expect(right.map(({ id }) => id)).not.toContain('new');
    await engine.close();
    const again = await shop();
    await expect.poll(() => scored(again), { timeout: 5000 }).toContain('factors');
  });
});

describe('a folder whose models are damaged', () => {
  it('is refused by the name of the file', async () => {
    const engine = await filled();
    const { id } = await engine.train({ validation: 0 });
    await engine.close();
    const path = join(dir, 'models', id, 'weights.safetensors');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 4));
    await expect(shop()).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    await expect(shop()).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
    writeFileSync(path, bytes);
    expect((await shop()).stats.models?.id).toBe(id);
  });
});

describe('trainModels', () => {
  /** The histories of the shop above as rows. */
  function histories(): Parameters<typeof sliceHistories>[0] {
    return {
      offsets: Float64Array.from({ length: 121 }, (_, user) => user * 6),
      rows: Uint32Array.from(events, ({ item }) => Number(item.slice(1))),
      types: new Uint16Array(events.length).fill(7),
      weights: new Float32Array(events.length).fill(1),
      times: Float64Array.from(events, ({ at }) => at),
    };
  }

  it.each(['rules', 'factors', 'popularity', 'engine'] as const)('makes %s alone, of the split it is given', async (models) => {
    const data = { items: 40, ...sliceHistories(histories(), 50, 1) };
    const { models: made, report } = await trainModels(data, { seed: 1, threads: 2, excludeSeen: null, models });
    const parts = made.parts();
    expect(parts.items).toBe(40);
    expect(parts.rules !== null).toBe(models === 'rules' || models === 'engine');
    expect(parts.factors !== null).toBe(models === 'factors' || models === 'engine');
    expect(report.blend !== null).toBe(models === 'engine');
    expect(report.refitted).toBe(false);
    // Popularity counts training alone: the held-out baskets are not in it.
    expect(parts.popularity.reduce((sum, count) => sum + count, 0)).toBe(720 - 50);
    const { models: again, report: second } = await refitModels(
      { models: made, report },
      { items: 40, train: histories() },
      {
        seed: 1,
        threads: 2,
        excludeSeen: null,
      },
    );
    expect(second).toMatchObject({ refitted: true, rules: report.rules, factors: report.factors });
    expect(again.parts().blend).toEqual(parts.blend);
    expect(again.parts().popularity.reduce((sum, count) => sum + count, 0)).toBe(720);
  });
});
