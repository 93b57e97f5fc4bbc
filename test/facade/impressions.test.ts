import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineCatalog, Engine, type ShopEvent } from '../../src/index.js';
import { type LogView, listsAfter, shownLists } from '../../src/learn/impressions.js';
import type { NativeHistories } from '../../src/native.js';
import { EVENT_TYPES } from '../../src/shopper/events.js';
import type { EventBlock } from '../../src/store/block.js';
import { histories, listed } from './histories.js';
import { scratch } from './scratch.js';

const HOUR = 3_600_000;
const NONE = 0xffffffff;
const type = (name: (typeof EVENT_TYPES)[number]): number => EVENT_TYPES.indexOf(name);

interface Logged {
  user: string;
  item: number;
  type: (typeof EVENT_TYPES)[number];
  at: number;
  requestId?: string;
  position?: number;
}

const WEIGHTS: Record<string, number> = { click: 0.3, cart: 0.6, purchase: 1, dismiss: -1 };

function block(events: readonly Logged[]): EventBlock {
  return {
    users: events.map(({ user }) => user),
    itemKeys: Float64Array.from(events, ({ item }) => item + 1),
    types: Uint16Array.from(events, (event) => type(event.type)),
    times: Float64Array.from(events, ({ at }) => at),
    values: new Float64Array(events.length).fill(Number.NaN),
    extras: events.map(({ requestId, position }) =>
      requestId === undefined && position === undefined
        ? null
        : { ...(requestId === undefined ? {} : { requestId }), ...(position === undefined ? {} : { position }) },
    ),
  };
}

/** A log of two blocks over ten items, and the histories that a core would have of it. */
function logOf(events: readonly Logged[]): { view: LogView; all: NativeHistories } {
  const users = [...new Set(events.map(({ user }) => user))];
  const own = users.map((user) => events.filter((event) => event.user === user).sort((a, b) => a.at - b.at));
  const all = histories(own.map((list) => list.map((event) => [event.item, WEIGHTS[event.type] ?? 0, event.at])));
  for (const [at, event] of own.flat().entries()) all.types[at] = type(event.type);
  const half = Math.floor(events.length / 2);
  const view: LogView = {
    log: { replay: () => [block(events.slice(0, half)), block(events.slice(half))] },
    rowOf: (key) => (key <= 10 ? key - 1 : undefined),
    userRows: (names) => Uint32Array.from(names, (name) => (users.includes(name) ? users.indexOf(name) : NONE)),
    weightOf: (index) => WEIGHTS[EVENT_TYPES[index] ?? ''] ?? 0,
  };
  return { view, all };
}

/** The same histories with so many events of each shopper. */
function keeping(all: NativeHistories, counts: readonly number[]): NativeHistories {
  return histories(listed(all).map((events, user) => events.slice(0, counts[user])));
}

function shown(user: string, requestId: string | undefined, at: number, items: readonly number[]): Logged[] {
  return items.map((item, position) => ({
    user,
    item,
    type: 'impression',
    at,
    position,
    ...(requestId === undefined ? {} : { requestId }),
  }));
}

describe('lists that were shown', () => {
  it('are the impressions of a request, and what was done in answer to it, whenever', async () => {
    const { view, all } = logOf([
      ...shown('ann', 'one', 1000, [4, 2, 7]),
      ...shown('bob', 'one', 1000, [1, 2]),
      { user: 'ann', item: 2, type: 'click', at: 2000, requestId: 'one' },
      { user: 'ann', item: 2, type: 'purchase', at: 1000 + 90 * HOUR, requestId: 'one' },
      { user: 'ann', item: 7, type: 'dismiss', at: 2500, requestId: 'one' },
      // Nobody was shown it, and there is no such list.
      { user: 'ann', item: 9, type: 'click', at: 2600, requestId: 'one' },
      { user: 'ann', item: 4, type: 'click', at: 2700, requestId: 'other' },
    ]);
    expect(await shownLists(view, all, all, undefined, undefined)).toEqual([
      { user: 0, at: 1000, rows: [4, 2, 7], positions: [0, 1, 2], gains: [0, 1, 0] },
      { user: 1, at: 1000, rows: [1, 2], positions: [0, 1], gains: [0, 0] },
    ]);
  });

  it('are answered by what names no request within a day, the last one that showed the item', async () => {
    const { view, all } = logOf([
      ...shown('ann', undefined, 1000, [4, 2]),
      ...shown('ann', undefined, 5000, [2, 3, 2]),
      { user: 'ann', item: 2, type: 'cart', at: 6000 },
      { user: 'ann', item: 4, type: 'click', at: 6000 },
      { user: 'ann', item: 3, type: 'purchase', at: 5001 + 24 * HOUR },
      { user: 'ann', item: 4, type: 'purchase', at: 500 },
      { user: 'ann', item: 12, type: 'impression', at: 5000 },
    ]);
    const lists = await shownLists(view, all, all, undefined, undefined);
    expect(lists).toEqual([
      { user: 0, at: 1000, rows: [4, 2], positions: [0, 1], gains: [expect.closeTo(0.3, 6), 0] },
      { user: 0, at: 5000, rows: [2, 3], positions: [0, 1], gains: [expect.closeTo(0.6, 6), 0] },
    ]);
    const goals = new Map([[type('click'), 2]]);
    expect((await shownLists(view, all, all, goals, undefined)).map(({ gains }) => gains)).toEqual([
      [2, 0],
      [0, 0],
    ]);
  });

  it('leave out what validation asks for, and teach what no model learned from', async () => {
    const { view, all } = logOf([
      { user: 'ann', item: 0, type: 'purchase', at: 100 },
      ...shown('ann', 'a', 1000, [4, 2]),
      { user: 'ann', item: 4, type: 'click', at: 1100, requestId: 'a' },
      ...shown('ann', 'b', 2000, [5]),
      { user: 'ann', item: 5, type: 'click', at: 2100, requestId: 'b' },
      ...shown('ann', 'c', 3000, [6]),
      { user: 'ann', item: 6, type: 'purchase', at: 3100, requestId: 'c' },
      ...shown('ann', 'd', 3200, [7]),
    ]);
    // Validation asks for the last purchase: the list that led to it, and what came after, are not for lessons.
    const train = keeping(all, [7]);
    const lists = await shownLists(view, all, train, undefined, undefined);
    expect(lists.map(({ at }) => at)).toEqual([1000, 2000]);
    // Models that saw what came before the click at 1100: the list of 2000 is news to them, that of 1000 is not.
    const later = listsAfter(lists, train, keeping(all, [3]), 1);
    expect(later && { ...later, histories: listed(later.histories) }).toEqual({
      histories: [listed(all)[0]?.filter(([, , at]) => at < 2000)],
      offsets: Float64Array.of(0, 1),
      rows: Uint32Array.of(5),
      positions: Uint32Array.of(0),
      gains: Float32Array.of(Math.fround(0.3)),
    });
    expect(listsAfter(lists, train, train, 1)).toBeNull();
  });
});

describe('an engine whose shop logs impressions', () => {
  const catalog = defineCatalog({ fields: { kind: 'category' } });
  const KINDS = 4;
  const ITEMS = 40;

  /** Shoppers of one taste each, whose lists have one item of it, anywhere. */
  function shop(shoppers: number): ShopEvent[] {
    return Array.from({ length: shoppers }, (_, shopper) => {
      const user = `u${shopper}`;
      return Array.from({ length: 5 }, (_, request): ShopEvent[] => {
        const at = 1.7e12 + shopper * HOUR + request * 60_000;
        const requestId = `${user}-${request}`;
        const first = shopper * 7 + request * 11;
        const list = Array.from({ length: KINDS }, (_, place) => `i${(first + place) % ITEMS}`);
        const taken = list.find((item) => Number(item.slice(1)) % KINDS === shopper % KINDS) ?? '';
        return [
          ...list.map((item, position) => ({ user, item, type: 'impression' as const, at, requestId, position })),
          { user, item: taken, type: 'click', at: at + 5000, requestId },
        ];
      }).flat();
    }).flat();
  }

  const { folder } = scratch();
  const shown: number[] = [];

  it.each([null, join(folder, 'shop')])('teaches its ranker by them (folder %s)', { timeout: 120_000 }, async (dir) => {
    const fill = await Engine.open(dir, { catalog });
    await fill.items.put(Array.from({ length: ITEMS }, (_, item) => ({ id: `i${item}`, kind: `kind ${item % KINDS}` })));
    await fill.events.add(shop(230));
    if (dir !== null) await fill.close();
    const engine = dir === null ? fill : await Engine.open(dir, { catalog });
    try {
      const { ranker } = await engine.train({ seed: 2, threads: 2, validation: 40, refit: false });
      shown.push(ranker?.shown ?? 0);
      expect(shown[0]).toBeGreaterThan(200);
      expect(new Set(shown).size).toBe(1);
    } finally {
      await engine.close();
    }
  });
});
