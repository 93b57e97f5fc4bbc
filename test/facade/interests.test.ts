import { describe, expect, it } from 'vitest';
import { defineCatalog, Engine } from '../../src/index.js';

const catalog = defineCatalog({
  fields: { brand: 'category', labels: 'tags', sale: 'boolean', price: 'number', title: 'text' },
});

/** A shop in memory whose shopper viewed these items, oldest first. */
async function visited(items: readonly string[], limit = 100): Promise<Awaited<ReturnType<Engine<typeof catalog.fields>['shopper']>>> {
  await using engine = await Engine.open(null, { catalog });
  await engine.items.put([
    { id: 'a', brand: 'ash', labels: ['x', 'y'], sale: true, price: 10, title: 'A' },
    { id: 'b', brand: 'birch', labels: ['y'], price: 30 },
    { id: 'c', brand: 'ash', labels: [], sale: false, price: 20 },
    { id: 'bare' },
  ]);
  await engine.events.add(items.map((item, at) => ({ user: 'u', item, type: 'view' as const, at: 1e12 + at })));
  return engine.shopper('u', { limit });
}

describe('interests', () => {
  it('spread over the values of the last items, the newest counting most', async () => {
    // Ages 2, 1, 0: weights .64, .8 and 1.
    const { interests } = await visited(['b', 'a', 'c']);
    const total = 0.64 + 0.8 + 1;
    expect(interests.brand).toEqual({
      kind: 'values',
      values: [
        { value: 'ash', share: expect.closeTo(1.8 / total, 10) as number },
        { value: 'birch', share: expect.closeTo(0.64 / total, 10) as number },
      ],
    });
    // The two labels of one item share its weight; an item without labels counts for nothing.
    expect(interests.labels).toEqual({
      kind: 'values',
      values: [
        { value: 'y', share: expect.closeTo((0.64 + 0.4) / 1.44, 10) as number },
        { value: 'x', share: expect.closeTo(0.4 / 1.44, 10) as number },
      ],
    });
    expect(interests.sale).toEqual({
      kind: 'values',
      values: [
        { value: false, share: expect.closeTo(1 / 1.8, 10) as number },
        { value: true, share: expect.closeTo(0.8 / 1.8, 10) as number },
      ],
    });
    // 10 weighs .8, 20 weighs 1, 30 weighs .64: half of 2.44 is reached at 20.
    expect(interests.price).toEqual({ kind: 'band', low: 10, middle: 20, high: 30 });
    expect(interests).not.toHaveProperty('title');
  });

  it('leave out what nothing is known of, and forget what is long past', async () => {
    expect((await visited(['bare', 'gone'])).interests).toEqual({});
    const { interests } = await visited(['b', ...Array.from({ length: 60 }, () => 'a')]);
    expect(interests.brand).toEqual({ kind: 'values', values: [{ value: 'ash', share: 1 }] });
    expect(interests.price).toEqual({ kind: 'band', low: 10, middle: 10, high: 10 });
    expect((await visited(['a', 'b'], 1)).interests.brand).toEqual({ kind: 'values', values: [{ value: 'birch', share: 1 }] });
  });

  it('count what speaks for an item alone', async () => {
    await using engine = await Engine.open(null, { catalog });
    await engine.items.put([
      { id: 'a', brand: 'ash' },
      { id: 'b', brand: 'birch' },
    ]);
    await engine.events.add([
      { user: 'u', item: 'a', type: 'view', at: 1 },
      { user: 'u', item: 'b', type: 'dismiss', at: 2 },
    ]);
    expect((await engine.shopper('u')).interests.brand).toEqual({ kind: 'values', values: [{ value: 'ash', share: 1 }] });
  });
});
