import { afterAll, describe, expect, it } from 'vitest';
import { defineCatalog, Engine } from '../../src/index.js';
import { sliceHistories, sliceItems } from '../../src/learn/slice.js';
import type { NativeHistories } from '../../src/native.js';
import { EVENT_TYPES } from '../../src/shopper/events.js';
import { histories, listed, NONE } from './histories.js';

const CLICK = EVENT_TYPES.indexOf('click');
const CART = EVENT_TYPES.indexOf('cart');
const PURCHASE = EVENT_TYPES.indexOf('purchase');

type Typed = [row: number, type: number, time: number, weight?: number];
const WEIGHTS = new Map([
  [CLICK, 0.25],
  [CART, 0.5],
  [PURCHASE, 1],
]);

function typed(users: readonly (readonly Typed[])[]): NativeHistories {
  const all = histories(users.map((list) => list.map(([row, type, time, weight]) => [row, weight ?? WEIGHTS.get(type) ?? 0, time])));
  return { ...all, types: Uint16Array.from(users.flat(), ([, type]) => type) };
}

describe('what training aims at', () => {
  const shopper: Typed[] = [
    [1, CLICK, 10],
    [2, CLICK, 20],
    [3, CLICK, 30],
    [3, CART, 40],
    [3, PURCHASE, 40],
    [4, CART, 40],
    [5, CLICK, 40],
    [6, CLICK, 50],
    [7, CLICK, 60],
  ];
  // Nothing of the goal with enough before it, or a purchase that speaks against its item.
  const others: Typed[][] = [
    [
      [1, PURCHASE, 10],
      [2, CLICK, 20],
      [3, CLICK, 30],
      [4, CLICK, 40],
    ],
    [
      [1, CLICK, 10],
      [2, CLICK, 20],
      [3, CLICK, 30],
      [4, PURCHASE, 40, -1],
      [NONE, PURCHASE, 50],
    ],
  ];
  const goals = new Map([
    [PURCHASE, 1],
    [CART, 0.125],
  ]);

  it('is the last basket that has a goal, each item by the highest that it reached', () => {
    const { train, validation } = sliceHistories(typed([shopper, ...others]), 10, 1, false, goals);
    expect(listed(train).map(({ length }) => length)).toEqual([3, 4, 5]);
    expect(validation && listed(validation.histories)).toEqual([listed(typed([shopper]))[0]?.slice(0, 3)]);
    expect([...(validation?.targets ?? [])]).toEqual([3, 4]);
    expect([...(validation?.weights ?? [])]).toEqual([1, 0.125]);
    // Single items: the cart of the last one, what came with it before.
    const single = sliceItems(typed([shopper]), 10, 1, false, goals).validation;
    expect([[...(single?.targets ?? [])], [...(single?.weights ?? [])]]).toEqual([[4], [0.125]]);
  });

  it('is whatever speaks for an item, by its weight, where nothing is said', () => {
    const { validation } = sliceHistories(typed([shopper, ...others]), 10, 1);
    expect([...(validation?.targets ?? [])]).toEqual([7, 4, 3]);
    expect([...(validation?.weights ?? [])]).toEqual([0.25, 0.25, 0.25]);
  });

  it('does not hold back a lag from one goal to the next, but the basket before', () => {
    const two: Typed[] = [...shopper, [8, PURCHASE, 70]];
    expect(listed(sliceHistories(typed([two]), 10, 1, true, goals).train)).toEqual([listed(typed([two]))[0]?.slice(0, 8)]);
  });
});

describe('train with goals', () => {
  const catalog = defineCatalog({ fields: { kind: 'category' } });
  const opened: Engine<typeof catalog.fields>[] = [];
  afterAll(async () => {
    for (const engine of opened) await engine.close();
  });
  const shop = async (): Promise<Engine<typeof catalog.fields>> => {
    const engine = await Engine.open(null, { catalog, eventTypes: { rented: { weight: 0.7 }, 'left-alone': { weight: 0 } } });
    opened.push(engine);
    await engine.items.put(Array.from({ length: 20 }, (_, item) => ({ id: `i${item}`, kind: 'thing' })));
    const at = 1.7e12;
    // Everybody clicks on and on, and one in two buys the item after the third click.
    await engine.events.add(
      Array.from({ length: 60 }, (_, user) =>
        Array.from({ length: 8 }, (_, step) => ({
          user: `u${user}`,
          item: `i${(user + step) % 20}`,
          type: step === 4 && user % 2 === 0 ? ('purchase' as const) : ('click' as const),
          at: at + step * 1000,
        })),
      ).flat(),
    );
    return engine;
  };

  it('asks validation for them, and says so', async () => {
    const engine = await shop();
    const plain = await engine.train({ budget: 1500, refit: false });
    expect([plain.goals, plain.validation?.cases]).toEqual([undefined, 60]);
    const result = await engine.train({ budget: 1500, refit: false, goals: { purchase: 1, rented: 0.5 } });
    expect(result.goals).toEqual({ purchase: 1, rented: 0.5 });
    expect(result.validation?.cases).toBe(30);
  });

  it('refuses what is no goal, by name', async () => {
    const engine = await shop();
    const wrong: [unknown, string, RegExp][] = [
      [{}, 'goals', /at least one event type/],
      [[], 'goals', /an object/],
      [{ buy: 1 }, 'goals', /one of view, click/],
      [{ purchase: 0 }, 'goals.purchase', /a finite number/],
      [{ purchase: Number.NaN }, 'goals.purchase', /a finite number/],
      [{ purchase: 101 }, 'goals.purchase', /a finite number/],
      [{ purchase: '1' }, 'goals.purchase', /a finite number/],
      [{ dismiss: 1 }, 'goals.dismiss', /speaks for an item/],
      [{ 'left-alone': 1 }, 'goals.left-alone', /speaks for an item/],
    ];
    for (const [goals, field, expected] of wrong) {
      await expect(engine.train({ goals: goals as never }), JSON.stringify(goals)).rejects.toMatchObject({
        code: 'KAIRANK_INVALID_ARGUMENT',
        field,
        expected: expect.stringMatching(expected) as string,
      });
    }
  });
});
