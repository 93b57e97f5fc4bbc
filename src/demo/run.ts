/** The demo from end to end, through the public API: a shop, its training, an honest evaluation, and what three shoppers are offered. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCatalog } from '../catalog/schema.js';
import { Engine } from '../engine.js';
import type { TrainProgress } from '../learn/types.js';
import type { Reason } from '../pipeline/requests.js';
import { comparePopularity } from './compare.js';
import { type DemoEvent, type DemoShop, makeDemoShop } from './shop.js';

export interface DemoOptions {
  seed: number;
  threads: number;
  /** Folder of the shop, new or empty. Default: a temporary one that is removed at the end. */
  dir?: string | undefined;
  signal: AbortSignal;
  onStage: (stage: 'making the shop' | 'importing' | 'evaluating', done: number, note?: string) => void;
  onTraining: (progress: TrainProgress) => void;
}

export interface Offer {
  id: string;
  title: string;
  price: number;
  reason: Reason | null;
}

export interface DemoResult {
  seed: number;
  items: number;
  shoppers: number;
  events: number;
  seconds: { import: number; train: number; evaluate: number; total: number };
  /** Leave-one-out, whole catalogue less what the shopper had seen. */
  evaluation: Record<'engine' | 'popularity', { 'recall@10': number; 'ndcg@10': number }>;
  shoppersShown: { user: string; lastEvents: { type: string; title: string; at: string }[]; offers: Offer[]; took: number }[];
}

const BATCH = 5000;
const SHOWN_SHOPPERS = 3;
/** Shoppers whose last basket chooses the settings: enough to tell them apart, few enough to watch. */
const VALIDATION = 500;
/** Seconds that a training may take: somebody is watching. */
const DEMO_BUDGET = 10;
const SHOWN_EVENTS = 5;

const catalog = defineCatalog({ fields: { title: 'text', category: 'category', brand: 'category', style: 'category', price: 'number' } });
type DemoEngine = Awaited<ReturnType<typeof openShop>>;

const openShop = (dir: string, signal: AbortSignal) => Engine.open(dir, { catalog, signal });

const since = (start: number): number => Math.round(performance.now() - start) / 1000;

/** Shoppers with something to tell: enough events, and each at home in another category. */
function chooseShoppers(shop: DemoShop): string[] {
  const categoryOf = new Map(shop.items.map((item) => [item.id, item.category]));
  const byUser = new Map<string, DemoEvent[]>();
  for (const event of shop.events) {
    const events = byUser.get(event.user);
    if (events) events.push(event);
    else byUser.set(event.user, [event]);
  }
  const chosen: string[] = [];
  const categories = new Set<string>();
  for (const [user, events] of [...byUser].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const last = categoryOf.get(events.at(-1)?.item ?? '');
    if (events.length < 12 || events.length > 40 || last === undefined || categories.has(last)) continue;
    categories.add(last);
    chosen.push(user);
    if (chosen.length === SHOWN_SHOPPERS) break;
  }
  return chosen;
}

async function importShop(engine: DemoEngine, shop: DemoShop, options: DemoOptions): Promise<void> {
  await engine.items.put(shop.items);
  for (let start = 0; start < shop.events.length; start += BATCH) {
    options.signal.throwIfAborted();
    await engine.events.add(shop.events.slice(start, start + BATCH));
    options.onStage('importing', Math.min(1, (start + BATCH) / shop.events.length));
  }
}

async function showShopper(engine: DemoEngine, user: string): Promise<DemoResult['shoppersShown'][number]> {
  const { events } = await engine.shopper(user, { limit: SHOWN_EVENTS });
  const answer = await engine.recommend({ user, k: SHOWN_EVENTS, scenario: 'discover', fields: ['title', 'price'] });
  const lastEvents: { type: string; title: string; at: string }[] = [];
  for (const event of events) {
    const title = event.item === null ? '' : ((await engine.items.get(event.item)).fields.title ?? event.item);
    lastEvents.push({ type: event.type, title, at: new Date(event.at).toISOString() });
  }
  const offers = answer.items.map((item) => ({
    id: item.id,
    title: item.fields?.title ?? item.id,
    price: item.fields?.price ?? 0,
    reason: item.reasons[0] ?? null,
  }));
  return { user, lastEvents, offers, took: answer.took };
}

/** Runs the demo. @throws KairankError KAIRANK_ABORTED when the signal stops it. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { seed, threads, signal } = options;
  const started = performance.now();
  options.onStage('making the shop', 0);
  const shop = makeDemoShop({ seed });
  options.onStage('making the shop', 1, `${shop.items.length} items, ${shop.shoppers} shoppers, ${shop.events.length} events`);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'kairank-demo-')));
  try {
    const engine = await openShop(dir, signal);
    try {
      const importing = performance.now();
      await importShop(engine, shop, options);
      const importSeconds = since(importing);
      const training = performance.now();
      await engine.train({ seed, threads, signal, validation: VALIDATION, budget: DEMO_BUDGET * 1000, onProgress: options.onTraining });
      const trainSeconds = since(training);
      const evaluating = performance.now();
      const onProgress = (progress: TrainProgress): void => options.onStage('evaluating', progress.fraction, progress.phase);
      const compared = await comparePopularity(shop, { seed, threads, signal, onProgress, budget: DEMO_BUDGET });
      const at10 = ({ metrics }: (typeof compared)['engine']): { 'recall@10': number; 'ndcg@10': number } => {
        const at = metrics.at.get(10);
        return { 'recall@10': at?.recall ?? 0, 'ndcg@10': at?.ndcg ?? 0 };
      };
      options.onStage('evaluating', 1);
      const evaluateSeconds = since(evaluating);
      const shoppersShown: DemoResult['shoppersShown'] = [];
      for (const user of chooseShoppers(shop)) shoppersShown.push(await showShopper(engine, user));
      return {
        seed,
        items: shop.items.length,
        shoppers: shop.shoppers,
        events: shop.events.length,
        seconds: { import: importSeconds, train: trainSeconds, evaluate: evaluateSeconds, total: since(started) },
        evaluation: { engine: at10(compared.engine), popularity: at10(compared.popularity) },
        shoppersShown,
      };
    } finally {
      await engine.close();
    }
  } finally {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }
}
