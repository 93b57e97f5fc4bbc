import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/evaluate/random.js';
import { nextEventWords } from '../../src/cli/training.js';
import { defineCatalog, Engine } from '../../src/index.js';
import { gatherMoments } from '../../src/learn/moments.js';
import { learnNextEvent } from '../../src/learn/next-event.js';
import type { NativeHistories } from '../../src/native.js';
import { actsOf } from '../../src/shopper/acts.js';
import { EventTypeTable } from '../../src/shopper/event-types.js';
import { COLUMNS, describeMoment, nextEventOf, OUTCOMES, type NextEvent } from '../../src/shopper/next-event.js';
import { auc, calibrationError, reliability } from '../../src/statistics/probabilities.js';
import { CHANCES, LONGEST_WAIT, MEAN_WAIT, type Walk, walk, type WalkEvent } from './walk.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GAP = 30 * MINUTE;
const OPTIONS = { seed: 1, sessionGap: GAP, refit: true };
const types = new EventTypeTable({ own: [], weights: {} });

interface Plain {
  item: string | null;
  type: string;
  at: number;
}

/** An item 'i7' is row 7. */
function historiesOf(shoppers: readonly (readonly Plain[])[], table = types): NativeHistories {
  const events = shoppers.flat();
  let end = 0;
  return {
    offsets: Float64Array.from([0, ...shoppers.map((list) => (end += list.length))]),
    rows: Uint32Array.from(events, ({ item }) => (item === null ? 0xffffffff : Number(item.slice(1)))),
    types: Uint16Array.from(events, ({ type }) => table.index('type', type)),
    weights: Float32Array.from(events, ({ type }) => table.weight(table.index('type', type))),
    times: Float64Array.from(events, ({ at }) => at),
  };
}

const withWeights = (events: readonly WalkEvent[]): (WalkEvent & { weight: number })[] => events.map((event) => ({ ...event, weight: 1 }));

describe('what comes next, in a shop of known chances', () => {
  const shop = walk(1, 1500);
  const fresh: Walk = walk(2, 500);
  let learned: NonNullable<Awaited<ReturnType<typeof learnNextEvent>>>;
  let turns = 0;

  beforeAll(async () => {
    let going = true;
    const count = (): void => {
      turns++;
      if (going) setImmediate(count);
    };
    setImmediate(count);
    const found = await learnNextEvent(historiesOf(shop.shoppers), types, OPTIONS);
    going = false;
    if (!found) throw new Error('nothing was learned');
    learned = found;
  }, 60_000);

  /** Of every moment of the fresh shop: what is foretold, what was true, what came. */
  function asked(
    waitOf: () => number = () => 0,
  ): { foretold: NextEvent; event: WalkEvent; truth: Walk['truth'][number][number]; wait: number }[] {
    return fresh.shoppers.flatMap((events, user) =>
      events.flatMap((event, index) => {
        const truth = fresh.truth[user]?.[index];
        const wait = waitOf();
        const next = truth?.came === 'leave' ? Number.POSITIVE_INFINITY : (events[index + 1]?.at ?? 0);
        if (!truth || event.at + wait >= next) return [];
        const foretold = nextEventOf(learned.model, types, withWeights(events.slice(0, index + 1)), event.at + wait);
        if (!foretold) throw new Error('a session is going on, and nothing is foretold');
        return [{ foretold, event, truth, wait }];
      }),
    );
  }

  it('is foretold about as well as by the chances themselves, and as surely', () => {
    const moments = asked();
    for (const outcome of OUTCOMES) {
      const labels = moments.map(({ truth }) => Number(truth.came === outcome));
      const foretold = moments.map((moment) => moment.foretold[outcome]);
      const best = auc(
        labels,
        moments.map(({ truth }) => truth.chances[outcome]),
      );
      expect(auc(labels, foretold), outcome).toBeGreaterThan(best - 0.015);
      expect(calibrationError(reliability(labels, foretold)), outcome).toBeLessThan(0.03);
      const off = moments.map((moment) => Math.abs(moment.foretold[outcome] - moment.truth.chances[outcome]));
      expect(off.reduce((sum, value) => sum + value, 0) / off.length, outcome).toBeLessThan(0.025);
      // What the report says of later moments of the same shop holds for another one.
      expect(Math.abs((learned.report.outcomes[outcome].auc ?? 0) - best), outcome).toBeLessThan(0.04);
      expect(learned.report.outcomes[outcome].calibrationError).toBeLessThan(0.04);
    }
    for (const { foretold } of moments) expect(foretold.browse + foretold.cart + foretold.buy + foretold.leave).toBeCloseTo(1, 12);
    // Entropy of the chances: nobody foretells better.
    const entropy = moments.reduce((sum, { truth }) => sum - Math.log(truth.chances[truth.came]), 0) / moments.length;
    expect(learned.report.logLoss).toBeLessThan(learned.report.logLossOfShares - 0.05);
    expect(Math.abs(learned.report.logLoss - entropy)).toBeLessThan(0.05);
  });

  it('is leaving the more, the longer nothing came', () => {
    const random = new Random(5);
    const moments = asked(() => Math.floor(random.next() * 12 * MINUTE));
    expect(moments.length).toBeGreaterThan(1000);
    // Bayes: whoever stays has waited so long by the exponential law, which is cut off where nobody of them waits any more.
    const truths = moments.map(({ truth, wait }) => {
      const waits = wait < LONGEST_WAIT ? Math.exp(-wait / MEAN_WAIT) : 0;
      return truth.chances.leave / (truth.chances.leave + (1 - truth.chances.leave) * waits);
    });
    const off = moments.map(({ foretold }, index) => Math.abs(foretold.leave - (truths[index] ?? 0)));
    expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(0.04);
    const labels = moments.map(({ truth }) => Number(truth.came === 'leave'));
    const leave = moments.map(({ foretold }) => foretold.leave);
    expect(auc(labels, leave)).toBeGreaterThan(auc(labels, truths) - 0.015);
    expect(calibrationError(reliability(labels, leave))).toBeLessThan(0.04);
  });

  it('is learned in turns with others', () => {
    expect(turns).toBeGreaterThan(50);
  });

  it('is learned alike by the same seed, and stops when it is told', async () => {
    const small = historiesOf(shop.shoppers.slice(0, 300));
    expect(await learnNextEvent(small, types, OPTIONS)).toEqual(await learnNextEvent(small, types, OPTIONS));
    const stop = new AbortController();
    const run = learnNextEvent(small, types, { ...OPTIONS, signal: stop.signal });
    stop.abort();
    await expect(run).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
  });

  it('is not foretold where chance alone decides', async () => {
    const even = walk(3, 1500, () => ({ browse: 0.25, cart: 0.25, buy: 0.25, leave: 0.25 }));
    const found = await learnNextEvent(historiesOf(even.shoppers), types, OPTIONS);
    for (const outcome of OUTCOMES) {
      const { auc: order, calibrationError: off } = found?.report.outcomes[outcome] ?? {};
      expect(Math.abs((order ?? 0) - 0.5), outcome).toBeLessThan(0.03);
      expect(off, outcome).toBeLessThan(0.04);
    }
  });

  it('is rare where it never came', async () => {
    const chances: typeof CHANCES = (last, open) => {
      const { browse, cart, buy, leave } = CHANCES(last, open);
      return { browse: browse + buy, cart, buy: 0, leave };
    };
    const found = await learnNextEvent(historiesOf(walk(4, 500, chances).shoppers), types, OPTIONS);
    expect(found?.report.outcomes.buy).toMatchObject({ share: 0, auc: null });
    const events = withWeights(walk(5, 1).shoppers[0]?.slice(0, 1) ?? []);
    const next = nextEventOf(found?.model ?? null, types, events, events[0]?.at ?? 0);
    expect(next?.buy).toBeGreaterThan(0);
    expect(next?.buy).toBeLessThan(0.001);
  });
});

describe('a shop of which nothing is foretold', () => {
  const shopOf = (events: (user: number) => Plain[]): NativeHistories =>
    historiesOf(Array.from({ length: 400 }, (_, user) => events(user)));

  it('sells, and sees nobody look around', async () => {
    const purchases = shopOf((user) =>
      [0, 1, 5].map((day) => ({ item: `i${user}`, type: 'purchase', at: 1e12 + (day + user) * 24 * HOUR })),
    );
    expect(await learnNextEvent(purchases, types, OPTIONS)).toBeNull();
  });

  it('has times that mean nothing', async () => {
    const counted = shopOf(() => Array.from({ length: 20 }, (_, at) => ({ item: `i${at}`, type: 'view', at })));
    expect(await learnNextEvent(counted, types, OPTIONS)).toBeNull();
    const same = shopOf(() => Array.from({ length: 20 }, (_, at) => ({ item: `i${at}`, type: 'view', at: 1e12 })));
    expect(await learnNextEvent(same, types, OPTIONS)).toBeNull();
  });

  it('has no events, or shows what it likes', async () => {
    expect(await learnNextEvent(historiesOf([]), types, OPTIONS)).toBeNull();
    const shown = shopOf((user) =>
      [0, 1, 90].map((minute) => ({ item: 'i1', type: 'impression', at: 1e12 + user * HOUR + minute * MINUTE })),
    );
    expect(await learnNextEvent(shown, types, OPTIONS)).toBeNull();
  });
});

describe('moments', () => {
  const table = new EventTypeTable({ own: ['wish', 'order', 'reserve', 'mail'], weights: { wish: 0.2, order: 2, reserve: 0.7, mail: 0 } });
  const gather = (shoppers: readonly (readonly Plain[])[]): ReturnType<typeof gatherMoments> =>
    gatherMoments(historiesOf(shoppers, table), actsOf(table), { most: 1000, gap: GAP, seed: 1, check: () => undefined });
  /** What came next, of the moments right after an event, in order of shopper and time. */
  async function came(shoppers: readonly (readonly Plain[])[]): Promise<string[]> {
    const { outcomes, waited } = await gather(shoppers);
    return [...outcomes].filter((_, row) => waited[row] === 0).map((outcome) => OUTCOMES[outcome] ?? '');
  }
  /** Somebody whose event is the last of the shop. */
  const closing: Plain[] = [{ item: 'i1', type: 'view', at: 100 * HOUR }];
  const minutes = (...events: [number, string][]): Plain[] => events.map(([minute, type]) => ({ item: 'i1', type, at: minute * MINUTE }));

  it('end in what was done next, whatever the shop calls it', async () => {
    expect(await came([minutes([0, 'view'], [1, 'wish'], [2, 'reserve'], [3, 'order'], [4, 'search'], [5, 'favourite']), closing])).toEqual(
      ['browse', 'cart', 'buy', 'browse', 'browse', 'leave'],
    );
  });

  it('take no heed of what is not an act of the visit', async () => {
    expect(await came([minutes([0, 'view'], [1, 'impression'], [2, 'mail'], [3, 'return'], [25, 'cart']), closing])).toEqual([
      'cart',
      'leave',
    ]);
  });

  it('end a session after the gap', async () => {
    expect(await came([minutes([0, 'view'], [30, 'view'], [61, 'view']), closing])).toEqual(['browse', 'leave', 'leave']);
  });

  it('hold a basket for one act', async () => {
    expect(await came([minutes([0, 'view'], [5, 'view'], [5, 'purchase'], [5, 'cart']), closing])).toEqual(['buy', 'leave']);
  });

  it('are not known at the end of the records', async () => {
    const last = 100 * 60;
    // Nobody knows whether they left, and those who are known to have stayed are no fair sample.
    expect(await came([minutes([last - 31, 'view'], [last - 20, 'view'], [last - 15, 'cart']), closing])).toEqual(['browse']);
  });

  it('are at most so many, of all shoppers', async () => {
    const shoppers = Array.from({ length: 60 }, (_, user) => minutes([user, 'view'], [user + 2, 'view'], [user + 90, 'view']));
    const found = await gatherMoments(historiesOf([...shoppers, closing], table), actsOf(table), {
      most: 50,
      gap: GAP,
      seed: 1,
      check: () => undefined,
    });
    const direct = [...found.times].filter((_, row) => found.waited[row] === 0);
    expect(direct).toHaveLength(50);
    expect(direct.filter((time) => time % (90 * MINUTE) !== 0).length).toBeGreaterThan(25);
    expect(found.inputs).toHaveLength(found.outcomes.length * COLUMNS.length);
  });

  it('are described by what was done before them', () => {
    const acts = actsOf(table);
    const events: [string, string | null, number][] = [
      ['cart', 'a', 0],
      ['view', 'b', 10 * HOUR],
      ['search', null, 10 * HOUR + 10_000],
      ['cart', 'a', 10 * HOUR + 30_000],
    ];
    const trail = {
      acts: events.map(([type]) => acts[table.index('type', type)] ?? -1),
      items: events.map(([, item]) => item),
      times: events.map(([, , at]) => at),
    };
    const moment = describeMoment(trail, 3, 10 * HOUR + 90_000, GAP);
    const numbers = Object.fromEntries(COLUMNS.map((name, index) => [name, moment[index]]));
    const hour = ((10 + 90 / 3600) * 2 * Math.PI) / 24;
    const close = (value: number): unknown => expect.closeTo(value, 12);
    expect(numbers).toEqual({
      'last: search': 0,
      'last: other': 0,
      'last: cart': 1,
      'last: buy': 0,
      'second last: cart': 0,
      'second last: buy': 0,
      'first of the session': 0,
      'looks in the session': close(Math.log(3)),
      'carts in the session': close(Math.log(2)),
      'purchases in the session': 0,
      'seconds before the last': close(Math.log(21)),
      'seconds of the session': close(Math.log(31)),
      'items in the session': close(Math.log(3)),
      'item seen in the session': 0,
      'item seen before it': 1,
      'cart since the last purchase': 1,
      'cart left by earlier sessions': 1,
      'events before the session': close(Math.log(2)),
      'carts before the session': close(Math.log(2)),
      'purchases before the session': 0,
      'no session before': 0,
      'hours since the session before': close(Math.log(11)),
      'hour, sine': close(Math.sin(hour)),
      'hour, cosine': close(Math.cos(hour)),
      'seconds waited': close(Math.log(61)),
      'part of the gap waited': close(1 / 30),
    });
  });
});

describe('engine.shopper', () => {
  const folders: string[] = [];
  const opened: Engine[] = [];
  afterEach(async () => {
    for (const engine of opened.splice(0)) await engine.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  async function open(dir: string | null): Promise<Engine> {
    const engine = await Engine.open(dir, { catalog: defineCatalog({ fields: {} }) });
    opened.push(engine);
    return engine;
  }

  it('says what comes next, over an opening and in other threads', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kairank-next-'));
    folders.push(folder);
    const shop = walk(6, 300);
    const engine = await open(join(folder, 'shop'));
    await engine.items.put(Array.from({ length: 40 }, (_, index) => ({ id: `i${index}` })));
    await engine.events.add(shop.shoppers.flat());
    const [first] = shop.shoppers;
    const last = first?.at(-1);
    if (!last || !first) throw new Error('a shopper without events');
    const at = last.at + MINUTE;
    expect((await engine.shopper('u0', { at })).next).toBeNull();
    const { next: report } = await engine.train({ seed: 3, validation: 0, budget: '3s' });
    expect(report).toMatchObject({ sessionGap: GAP });
    expect(report?.outcomes.buy.auc).toBeGreaterThan(0.7);
    const kept = engine.stats.models?.report;
    expect(kept?.next).toEqual(report);
    if (!kept) throw new Error('no report');
    expect(nextEventWords(kept)).toEqual([
      expect.stringMatching(
        /^next event: AUC of browse 0\.\d{3}, cart 0\.\d{3}, buy 0\.\d{3}, leave 0\.\d{3}; calibration error 0\.\d{3}, log loss \d\.\d{3} \(\d\.\d{3} by shares alone\)$/,
      ) as string,
    ]);
    expect(nextEventWords({ ...kept, next: null })).toEqual([]);

    const { next } = await engine.shopper('u0', { at });
    if (!next) throw new Error('nothing is foretold');
    expect(Object.keys(next).sort()).toEqual(['browse', 'buy', 'cart', 'leave']);
    expect(next.browse + next.cart + next.buy + next.leave).toBeCloseTo(1, 12);
    // An hour later the session is over, and so it is now.
    expect((await engine.shopper('u0', { at: last.at + HOUR })).next).toBeNull();
    expect((await engine.shopper('u0')).next).toBeNull();
    // As it was at an earlier event: nothing later counts.
    const early = await engine.shopper('u0', { at: first[0]?.at ?? 0 });
    expect(early.events).toHaveLength(1);
    expect(early.next?.leave).toBeLessThan(next.leave);

    const attached = Engine.attach(engine.share());
    expect((await attached.shopper('u0', { at })).next).toEqual(next);
    await attached.close();
    await engine.close();
    const again = await open(join(folder, 'shop'));
    expect((await again.shopper('u0', { at })).next).toEqual(next);
    // A filled cart, just now.
    await again.events.add([
      { user: 'new', item: 'i1', type: 'view', at: Date.now() - MINUTE },
      { user: 'new', item: 'i1', type: 'cart' },
    ]);
    const cart = await again.shopper('new', { limit: 1 });
    expect(cart.events).toHaveLength(1);
    await again.events.add([{ user: 'looker', item: 'i1', type: 'view' }]);
    expect(cart.next?.buy).toBeGreaterThan((await again.shopper('looker')).next?.buy ?? 1);
  });

  it('refuses wrong options', async () => {
    const engine = await open(null);
    await engine.events.add([{ user: 'u', item: 'a', type: 'view' }]);
    await expect(engine.shopper('u', { at: Number.NaN })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'at' });
    await expect(engine.shopper('u', { at: 'soon' })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'at' });
    for (const sessionGap of ['10s', 0, 'long', 1000])
      await expect(engine.train({ sessionGap })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'sessionGap' });
  });
});
