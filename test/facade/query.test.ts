import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modalitiesOf, queryModalities } from '../../src/catalog/content.js';
import { defineCatalog, Engine } from '../../src/index.js';
import { readBundle } from '../../src/learn/bundle.js';
import type { ModelTensors } from '../../src/learn/tensors.js';
import { trainModels } from '../../src/learn/train.js';
import type { NativeModality } from '../../src/native.js';
import { core, expectCode, putPlain, request } from './native-core.js';

const COLOURS = ['red', 'green', 'blue', 'white'];
const THINGS = ['scarf', 'lamp', 'boots', 'mug', 'chair'];
const catalog = defineCatalog({ fields: { title: 'text', about: 'text', aisle: 'category', price: 'number' } });
type Shop = typeof catalog.fields;

/** Shoppers keep to a colour, so that colours are what the tower learns; every item has a colour and a thing. */
const items = Array.from({ length: 60 }, (_, index) => ({
  id: `i${index}`,
  title: `${COLOURS[index % 4]} ${THINGS[index % 5]} no ${index}`,
  aisle: `${THINGS[index % 5]}s`,
  price: index,
  ...(index % 3 === 0 ? { about: `made of ${index % 2 === 0 ? 'wool' : 'clay'}` } : {}),
}));
const events = Array.from({ length: 200 }, (_, user) =>
  Array.from({ length: 5 }, (_, step) => ({
    user: `u${user}`,
    item: `i${((user * 7 + step * 3) % 15) * 4 + (user % 4)}`,
    type: 'purchase' as const,
    at: 1.7e12 + user * 1e6 + step * 1000,
  })),
).flat();

const fails = (code: string, field?: string): unknown =>
  expect.objectContaining({ name: 'KairankError', code, ...(field ? { field } : {}) });

/** The unit content vector of one item in double precision, from the tables of the tower; null where nothing is known. */
function encode(tower: NonNullable<ModelTensors['content']>, said: readonly NativeModality[]): number[] | null {
  const spoken: { vector: number[]; attention: number }[] = [];
  for (const modality of tower.modalities) {
    const own = said.find(({ name }) => name === modality.name);
    if (!own || !('features' in own)) continue;
    const known = [...own.features].flatMap((feature, index) => {
      const row = modality.features.indexOf(feature);
      return row < 0 ? [] : [{ row, weight: (own.weights[index] ?? 0) * (modality.rarity[row] ?? 0) }];
    });
    if (known.length === 0) continue;
    const length = Math.hypot(...known.map(({ weight }) => weight));
    const vector = Array.from({ length: tower.dim }, (_, d) =>
      known.reduce((sum, { row, weight }) => sum + (weight / length) * (modality.table[row * tower.dim + d] ?? 0), 0),
    );
    spoken.push({ vector, attention: modality.bias + vector.reduce((sum, value, d) => sum + value * (modality.attention[d] ?? 0), 0) });
  }
  if (spoken.length === 0) return null;
  const total = spoken.reduce((sum, { attention }) => sum + Math.exp(attention), 0);
  const mixed = Array.from({ length: tower.dim }, (_, d) =>
    spoken.reduce((sum, { vector, attention }) => sum + (Math.exp(attention) / total) * (vector[d] ?? 0), 0),
  );
  const length = Math.hypot(...mixed);
  return mixed.map((value) => value / length);
}

describe('a query in words', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kairank-query-'));
  const dir = join(folder, 'shop');
  let engine: Engine<Shop>;
  let tensors: ModelTensors;

  beforeAll(async () => {
    engine = await Engine.open<Shop>(dir, { catalog });
    await engine.items.put(items);
    await engine.events.add(events);
    await engine.train({ seed: 2, budget: '5s', validation: 0 });
    const [bundle = ''] = readdirSync(join(dir, 'models'));
    const checksum = createHash('sha256')
      .update(readFileSync(join(dir, 'models', bundle, 'manifest.json')))
      .digest('hex');
    ({ tensors } = await readBundle(join(dir, 'models'), { bundle, checksum }));
  }, 60_000);
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Cosines of trained items with words by brute force, best first. */
  function expected(text: string, fields = ['title', 'about']): { id: string; cosine: number }[] {
    const tower = tensors.content;
    const query = tower && encode(tower, queryModalities(fields, text));
    if (!tower || !query) throw new Error('no tower, or it knows none of the words');
    return [...tensors.keys]
      .map((key, row) => ({
        id: `i${key - 1}`,
        cosine: query.reduce((sum, value, d) => sum + value * (tower.vectors[row * tower.dim + d] ?? 0), 0),
      }))
      .sort((a, b) => b.cosine - a.cosine);
  }

  it.each(['red lamp', 'wool', 'RED', 'a blu mug, blue!'])('finds what is nearest to %j', async (text) => {
    const { items: found, underfilled } = await engine.similar({ text, k: 60 });
    const best = expected(text);
    expect(underfilled).toBe(false);
    expect(found).toHaveLength(60);
    const cosineOf = new Map(best.map(({ id, cosine }) => [id, cosine]));
    for (const [place, { id, score, sources, parts, reasons }] of found.entries()) {
      expect(score).toBeCloseTo(cosineOf.get(id) ?? Number.NaN, 4);
      expect(score).toBeCloseTo(best[place]?.cosine ?? Number.NaN, 4);
      expect(sources).toEqual(['content']);
      expect(parts).toEqual({ content: expect.closeTo(score, 6) as number });
      expect(reasons).toEqual([{ kind: 'matches', weight: 1, text: `Matches “${text}”` }]);
    }
  });

  it('is about colours where shoppers are', async () => {
    const { items: found } = await engine.similar({ text: 'green', k: 15, fields: ['title'] });
    expect(found.filter(({ fields }) => fields?.title?.startsWith('green'))).toHaveLength(15);
  });

  it('heeds where and exclude, and is cut at k', async () => {
    const best = expected('red lamp').map(({ id }) => id);
    const cheap = best.filter((id) => Number(id.slice(1)) < 20);
    const [first = ''] = cheap;
    const { items: found } = await engine.similar({
      text: 'red lamp',
      k: 5,
      where: { price: { lt: 20 } },
      exclude: [first],
      reasons: false,
    });
    expect(found.map(({ id }) => id)).toEqual(cheap.slice(1, 6));
    expect(found[0]?.reasons).toEqual([]);
    const few = await engine.similar({ text: 'red lamp', k: 30, where: { price: { lt: 20 } } });
    expect(few.items).toHaveLength(20);
    expect(few.underfilled).toBe(true);
  });

  it('finds nothing by words that nobody knows, not even what is popular', async () => {
    for (const text of ['qqqq', '🎉'])
      expect(await engine.similar({ text, k: 5 })).toMatchObject({ items: [], underfilled: true, degraded: [] });
  });

  it('finds what was put since, and not what says nothing or has left', { timeout: 60_000 }, async () => {
    await engine.items.put([{ id: 'late', title: 'red lamp' }, { id: 'mute' }]);
    const { items: found } = await engine.similar({ text: 'red lamp', k: 100 });
    // The same words in the one text that the item has, of the two that the query is read as.
    expect(found.map(({ id }) => id)).toContain('late');
    expect(found.map(({ id }) => id)).not.toContain('mute');
    expect(found).toHaveLength(61);
    const tower = tensors.content;
    const [query, late] = [queryModalities(['title', 'about'], 'red lamp'), queryModalities(['title'], 'red lamp')].map(
      (said) => tower && encode(tower, said),
    );
    const cosine = query?.reduce((sum, value, d) => sum + value * (late?.[d] ?? 0), 0);
    expect(found.find(({ id }) => id === 'late')?.score).toBeCloseTo(cosine ?? Number.NaN, 4);
    await engine.items.remove(['late', 'mute']);
    expect((await engine.similar({ text: 'red lamp', k: 100 })).items).toHaveLength(60);
  });

  it('is answered in other threads, and by a folder that is opened again', async () => {
    const { items: found } = await engine.similar({ text: 'white chair', k: 7 });
    const attached = Engine.attach<Shop>(engine.share());
    expect((await attached.similar({ text: 'white chair', k: 7 })).items).toEqual(found);
    await attached.close();
    await engine.close();
    engine = await Engine.open<Shop>(dir, { catalog });
    const { items: again } = await engine.similar({ text: 'white chair', k: 7 });
    expect(again.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    for (const [place, { score }] of again.entries()) expect(score).toBeCloseTo(found[place]?.score ?? Number.NaN, 5);
  });

  it('is answered beside other requests', async () => {
    const alone = (await engine.similar({ text: 'white chair', k: 7 })).items;
    const [query, item, user] = await Promise.all([
      engine.similar({ text: 'white chair', k: 7 }),
      engine.similar({ item: 'i3', k: 7 }),
      engine.recommend({ user: 'u1', k: 7 }),
    ]);
    expect(query.items).toEqual(alone);
    expect(item.items).toEqual((await engine.similar({ item: 'i3', k: 7 })).items);
    expect(user.items).toEqual((await engine.recommend({ user: 'u1', k: 7 })).items);
  });

  it('is refused where it is no query', async () => {
    const refused = async (given: unknown, field: string): Promise<void> =>
      expect(engine.similar(given as never)).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT', field));
    await refused({ k: 3 }, 'item');
    await refused({ item: 'i1', text: 'red' }, 'item');
    for (const text of ['', '  ', 'x'.repeat(10_001), 7, null, ['red']]) await refused({ text }, 'text');
  });
});

describe('a query in words without a model of words', () => {
  it('says what it takes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kairank-query-'));
    try {
      const plain = defineCatalog({ fields: { aisle: 'category' } });
      const first = await Engine.open(join(folder, 'shop'), { catalog: plain });
      await expect(first.similar({ text: 'red' })).rejects.toThrowError(fails('KAIRANK_INVALID_ARGUMENT', 'text'));
      await first.items.put(items.map(({ id, aisle }) => ({ id, aisle })));
      await first.events.add(events);
      await first.train({ validation: 0, budget: '3s' });
      expect(first.stats.models?.report.content?.modalities).toEqual(['aisle']);
      await first.close();
      // A text field that joined the catalogue since: the models read aisles alone.
      const grown = defineCatalog({ fields: { aisle: 'category', title: 'text' } });
      const second = await Engine.open(join(folder, 'shop'), { catalog: grown });
      await expect(second.similar({ text: 'red' })).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'text'));
      await second.close();
      const fresh = await Engine.open(null, { catalog: grown });
      await fresh.items.put({ id: 'a', title: 'red' });
      await expect(fresh.similar({ text: 'red' })).rejects.toThrowError(fails('KAIRANK_NOT_FOUND', 'text'));
      await fresh.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('words in the core', () => {
  it('are asked as an item of these words is, that was put and left out', async () => {
    const titles = items.map(({ title }) => title);
    const rowOf = (id: string): number => Number(id.slice(1));
    const users = [...new Set(events.map(({ user }) => user))].map((user) => events.filter((event) => event.user === user));
    let end = 0;
    const train = {
      offsets: Float64Array.from([0, ...users.map((list) => (end += list.length))]),
      rows: Uint32Array.from(users.flat(), ({ item }) => rowOf(item)),
      types: new Uint16Array(events.length),
      weights: new Float32Array(events.length).fill(1),
      times: Float64Array.from(users.flat(), ({ at }) => at),
    };
    const content = [
      { name: 'title', kind: 'text' as const, values: titles },
      { name: 'aisle', kind: 'labels' as const, values: items.map(({ aisle }) => [aisle]) },
    ];
    const data = { items: items.length, train, validation: null, content };
    const { models } = await trainModels(data, { seed: 1, threads: 1, excludeSeen: false, models: 'content' });
    const engine = core();
    putPlain(
      engine,
      items.map(({ id }) => id),
    );
    engine.publish(models);
    for (const text of ['blue boots', 'red', 'mug mug 17 lamp']) {
      engine.putItems(['asked'], Float64Array.of(items.length + 1), [[]]);
      engine.putContent(['asked'], modalitiesOf([{ name: 'title', kind: 'text', values: [text] }]), null);
      const asked = { mode: 'similar' as const, excludeSeen: false, k: 60 };
      const byItem = await engine.request(request({ ...asked, items: ['asked'] })).promise;
      engine.removeItems(['asked']);
      const byWords = await engine.request(request({ ...asked, words: queryModalities(['title'], text) })).promise;
      expect(byWords.known).toBe(true);
      expect(byWords.ids).toEqual(byItem.ids);
    }
    engine.close();
  });

  it('are refused where they are wrong, and without a model nothing is known', async () => {
    const engine = core();
    putPlain(engine, ['a']);
    const words = queryModalities(['title'], 'red');
    const [first] = words;
    for (const given of [
      { mode: 'recommend' as const, words },
      { mode: 'rank' as const, items: ['a'], words },
      { mode: 'similar' as const, items: ['a'], words },
      { mode: 'similar' as const, words: [{ name: 'title', prior: 1, inputs: 2, vectors: Float32Array.of(1, 2) }] },
      { mode: 'similar' as const, words: [{ ...first, offsets: Float64Array.of(0, 5) } as NativeModality] },
      { mode: 'similar' as const, words: 'red' as never },
    ])
      expectCode(() => engine.request(request(given)), 'KAIRANK_INVALID_ARGUMENT');
    const reply = await engine.request(request({ mode: 'similar', words })).promise;
    expect(reply).toMatchObject({ known: false, ids: [] });
    engine.close();
  });
});
