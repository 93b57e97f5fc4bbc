import { afterEach, describe, expect, it } from 'vitest';
import { defineCatalog, Engine } from '../../src/index.js';
import { show, Tastes } from './tastes.js';

const catalog = defineCatalog({ fields: { style: 'category' } });

const opened: Engine<typeof catalog.fields>[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
});

async function shop(pressure: number | undefined): Promise<Engine<typeof catalog.fields>> {
  const engine = await Engine.open(null, { catalog, ...(pressure === undefined ? {} : { pressure }) });
  opened.push(engine);
  const tastes = new Tastes(5);
  await engine.items.put(tastes.items);
  await engine.events.add(
    Array.from({ length: 2000 }, (_, at) => {
      const user = tastes.user();
      return { user: `u${user}`, item: `i${tastes.choose(user)}`, type: 'purchase' as const, at: 1.7e12 + at * 60_000 };
    }),
  );
  await engine.train({ budget: '1s', seed: 1 });
  return engine;
}

describe('pressure', () => {
  it('leaves out what matters least where requests waited too long, and says so', async () => {
    // Longer than a ten-thousandth of a microsecond everything waits.
    const engine = await shop(1e-7);
    const { degraded, items } = await engine.recommend({ user: 'u1', k: 5, excludeSeen: false });
    expect(degraded).toContain('reasons');
    expect(items).toHaveLength(5);
    for (const item of items) expect(item.reasons).toEqual([]);
    // Nothing is said to be missing that was not asked for.
    expect((await engine.recommend({ user: 'u1', k: 5, reasons: false })).degraded).not.toContain('reasons');
  });

  it('leaves nothing out where there is none, or where it is not heeded', async () => {
    const engine = await shop(0);
    const { degraded, items } = await engine.recommend({ user: 'u1', k: 5, excludeSeen: false });
    expect(degraded).toEqual([]);
    expect(items[0]?.reasons.length).toBeGreaterThan(0);
    const one = await shop(undefined);
    expect((await one.recommend({ user: 'u1' })).degraded).toEqual([]);
    const lists = await Promise.all(Array.from({ length: 50 }, (_, user) => show(one, user)));
    expect(lists.every(({ shown }) => shown.length === 10)).toBe(true);
  });

  it('refuses what is no time', async () => {
    for (const pressure of [-1, Number.NaN, 60_001, '5ms' as unknown as number]) {
      await expect(Engine.open(null, { catalog, pressure })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'pressure' });
    }
  });
});
