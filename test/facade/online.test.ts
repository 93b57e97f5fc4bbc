import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defineCatalog, Engine, type OnlineInfo } from '../../src/index.js';
import { ndcg, randomOf, show, Tastes } from './tastes.js';

const catalog = defineCatalog({ fields: { style: 'category' } });
const START = Date.parse('2026-01-01');
const MINUTE = 60_000;
const HISTORY = 12_000;

type Shop = Engine<typeof catalog.fields>;

const opened: Shop[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function open(dir: string | null, online: boolean): Promise<Shop> {
  const engine: Shop = await Engine.open(dir, { catalog, online });
  opened.push(engine);
  return engine;
}

/** An engine that has learned the tastes as they are. */
async function shop(
  tastes: Tastes,
  { dir = null, online = true, history = HISTORY }: { dir?: string | null; online?: boolean; history?: number } = {},
) {
  const engine = await open(dir, online);
  await engine.items.put(tastes.items);
  await engine.events.add(
    Array.from({ length: history }, (_, at) => {
      const user = tastes.user();
      return { user: `u${user}`, item: `i${tastes.choose(user)}`, type: 'purchase' as const, at: START + at * MINUTE };
    }),
  );
  await engine.train({ budget: '1s', seed: 1 });
  return engine;
}

describe('tastes that change overnight', () => {
  const seed = 2026;

  /** NDCG@10 before, right after the change, and 2,000 events later: every other one a choice from a list. */
  async function live(online: boolean): Promise<{ before: number; lost: number; regained: number; info: OnlineInfo }> {
    const tastes = new Tastes(seed);
    const engine = await shop(tastes, { online });
    const before = await ndcg(engine, tastes);
    tastes.turn();
    const lost = await ndcg(engine, tastes);
    for (let event = 0; event < 2000; event++) {
      const user = tastes.user();
      const at = START + (HISTORY + event) * MINUTE;
      if (event % 2 === 0) {
        const { requestId, shown } = await show(engine, user);
        await engine.events.add({ user: `u${user}`, item: `i${tastes.choose(user, shown)}`, type: 'purchase', at, requestId });
      } else await engine.events.add({ user: `u${user}`, item: `i${tastes.choose(user)}`, type: 'purchase', at });
    }
    return { before, lost, regained: await ndcg(engine, tastes), info: engine.stats.online };
  }

  it('are learned from 2,000 events, 80 % of what was lost; without learning they are not', { timeout: 120_000 }, async () => {
    const share = ({ before, lost, regained }: Awaited<ReturnType<typeof live>>): number => (regained - lost) / (before - lost);
    const online = await live(true);
    expect(online.lost).toBeLessThan(online.before / 2);
    expect(share(online)).toBeGreaterThan(0.8);
    expect(online.info).toMatchObject({ learned: 1000, missed: 0 });
    expect(online.info.likelihood).toBeGreaterThan(online.info.likelihoodAsTrained);
    const frozen = await live(false);
    expect(frozen.before).toBeCloseTo(online.before, 6);
    expect(share(frozen)).toBeLessThan(0.5);
    expect(frozen.info).toMatchObject({ learned: 0, missed: 0, window: 0 });
  });
});

describe('feedback', () => {
  it('moves an item up that is chosen again and again, and down one that is turned down', async () => {
    const tastes = new Tastes(3);
    const engine = await shop(tastes, { history: 3000 });
    const places = async (item: number): Promise<number> => {
      let sum = 0;
      for (let user = 0; user < 40; user++) {
        const { items } = await engine.recommend({ user: `u${user}`, k: 200, excludeSeen: false });
        sum += items.findIndex(({ id }) => id === `i${item}`);
      }
      return sum / 40;
    };
    const { shown: first } = await show(engine, 1);
    const liked = first[8] ?? 0;
    const disliked = first[1] ?? 0;
    const [likedBefore, dislikedBefore] = [await places(liked), await places(disliked)];
    for (let round = 0; round < 300; round++) {
      const { requestId, shown } = await show(engine, round % 400);
      if (shown.includes(liked)) await engine.events.add({ user: `u${round % 400}`, item: `i${liked}`, type: 'click', requestId });
      if (shown.includes(disliked)) await engine.events.add({ user: `u${round % 400}`, item: `i${disliked}`, type: 'dismiss', requestId });
    }
    expect(await places(liked)).toBeLessThan(likedBefore);
    expect(await places(disliked)).toBeGreaterThan(dislikedBefore);
  });

  it('counts what it cannot learn from as missed', async () => {
    const engine = await shop(new Tastes(4), { history: 2000 });
    const { requestId, shown } = await show(engine, 5);
    const absent = Array.from({ length: 200 }, (_, item) => item).find((item) => !shown.includes(item));
    await engine.events.add([
      { user: 'u5', item: `i${shown[0]}`, type: 'click', requestId: 'another' },
      { user: 'u5', item: `i${absent}`, type: 'click', requestId },
      { user: 'u5', item: `i${shown[0]}`, type: 'impression', requestId },
      { user: 'u5', type: 'search', query: 'coat', requestId },
      { user: 'u5', item: `i${shown[0]}`, type: 'click' },
    ]);
    expect(engine.stats.online).toMatchObject({ learned: 0, missed: 2 });
    await engine.events.add({ user: 'u5', item: `i${shown[2]}`, type: 'click', requestId });
    expect(engine.stats.online).toMatchObject({ learned: 1, missed: 2, window: 1 });
    // The list was of models that are no more.
    await engine.train({ budget: '1s' });
    await engine.events.add({ user: 'u5', item: `i${shown[3]}`, type: 'click', requestId });
    expect(engine.stats.online).toMatchObject({ learned: 1, missed: 3, window: 0 });
  });

  it('tells when choices become harder to foretell', { timeout: 60_000 }, async () => {
    const tastes = new Tastes(6);
    const engine = await shop(tastes, { history: 4000 });
    const told: OnlineInfo[] = [];
    engine.on('drift', (info) => told.push(info));
    const random = randomOf(60);
    for (let choice = 0; choice < 1100; choice++) {
      const { requestId, shown } = await show(engine, choice % 400);
      // At first everybody takes what is on top, then whatever it is.
      const item = shown[choice < 700 ? 0 : Math.floor(random() * shown.length)];
      await engine.events.add({ user: `v${choice}`, item: `i${item}`, type: 'click', requestId });
      if (choice === 699) expect(told).toEqual([]);
    }
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]).toMatchObject({ drifts: 1, missed: 0 });
  });

  it('outlasts a restart, and not a training', { timeout: 60_000 }, async () => {
    const dir = join(mkdtempSync(join(tmpdir(), 'kairank-online-')), 'shop');
    folders.push(join(dir, '..'));
    const tastes = new Tastes(8);
    let engine = await shop(tastes, { dir, history: 3000 });
    const asTrained = await engine.recommend({ user: 'u7', k: 50, excludeSeen: false });
    for (let choice = 0; choice < 150; choice++) {
      const { requestId, shown } = await show(engine, choice);
      await engine.events.add({ user: `v${choice}`, item: `i${shown[9]}`, type: 'click', requestId });
    }
    const learned = await engine.recommend({ user: 'u7', k: 50, excludeSeen: false });
    const ids = (answer: typeof learned): string[] => answer.items.map(({ id }) => id);
    expect(ids(learned)).not.toEqual(ids(asTrained));
    await engine.close();
    engine = await open(dir, true);
    const again = await engine.recommend({ user: 'u7', k: 50, excludeSeen: false });
    // How often items were chosen from lists is counted anew; the weights go on.
    const overlap = (a: string[], b: string[]): number => a.slice(0, 10).filter((id) => b.slice(0, 10).includes(id)).length;
    expect(overlap(ids(again), ids(learned))).toBeGreaterThan(overlap(ids(asTrained), ids(learned)));
    await engine.close();
    engine = await open(dir, false);
    expect(ids(await engine.recommend({ user: 'u7', k: 50, excludeSeen: false }))).toEqual(ids(asTrained));
  });

  it('refuses an option that is none', async () => {
    await expect(Engine.open(null, { catalog, online: 'yes' as unknown as boolean })).rejects.toMatchObject({ field: 'online' });
  });
});
