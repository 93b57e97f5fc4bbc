import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeDemoShop } from '../../src/demo/shop.js';
import { scratch } from '../facade/scratch.js';
import { json, kairank, root } from './cli.js';

const { folder, write } = scratch();
const MINUTES = 60_000;

/** 120 users who go round a ring of 20 items, each from another place: what comes next is certain, popularity knows nothing. */
function ring(): string {
  return Array.from(
    { length: 120 },
    (_, user) => `u${user} ${Array.from({ length: 7 }, (_, step) => `i${(user + step) % 20}`).join(' ')}`,
  ).join('\n');
}

describe('evaluate', () => {
  const keys = ['users', 'items', 'recall@5', 'recall@10', 'ndcg@5', 'ndcg@10', 'mrr', 'coldTargets', 'trainSeconds', 'evaluateSeconds'];

  test.each(['rules', 'ials', 'engine', 'popularity'])('%s on sequences', { timeout: 5 * MINUTES }, async (model) => {
    const data = write('ring.txt', ring());
    const report = await json(['evaluate', data, '--format', 'sequences', '--protocol', 'leave-one-out', '--model', model, '--seed', '3']);
    for (const key of keys) expect(report[key], key).toBeTypeOf('number');
    expect(report).toMatchObject({
      model,
      protocol: 'leave-one-out',
      users: 120,
      items: 20,
      cases: 120,
      coldTargets: 0,
      seed: 3,
      refit: false,
      excludeSeen: true,
    });
    // Each item is as popular as any other: 14 are left, one of them is meant.
    if (model === 'popularity') expect(report['recall@5']).toBeCloseTo(5 / 14, 5);
    else expect(report['ndcg@10']).toBeGreaterThan(0.9);
  });

  test('a seed repeats a run', { timeout: 5 * MINUTES }, async () => {
    const data = write('again.txt', ring());
    const run = async (): Promise<unknown[]> => {
      const report = await json(['evaluate', data, '--format', 'sequences', '--model', 'engine', '--seed', '7', '--threads', '2']);
      return keys.filter((key) => !key.endsWith('Seconds')).map((key) => report[key]);
    };
    expect(await run()).toEqual(await run());
  });

  test('the report tells of the ranker, which --no-ranker leaves out', { timeout: 5 * MINUTES }, async () => {
    const args = ['evaluate', write('ranker.txt', ring()), '--format', 'sequences', '--model', 'engine', '--budget', '20s'];
    // 120 shoppers teach no ranker: it is as good as without.
    const { ranker } = (await json(args)).settings as Record<'ranker', Record<string, unknown>>;
    expect(ranker).toMatchObject({ used: false, error: 0, with: ranker.without });
    const without = await json([...args, '--no-ranker', '--ablate']);
    // Without its only source a blend is left with nobody to listen to, or with those that it hardly heard.
    const { models, ablation } = without as {
      models: Record<string, unknown>;
      ablation: { part: string; worth: number; without: number }[];
    };
    expect(ablation.map(({ part }) => part).sort()).toEqual(
      Object.keys(models)
        .map((source) => `source: ${source}`)
        .sort(),
    );
    const [dearest] = ablation;
    expect(dearest?.worth).toBeGreaterThan(0);
    expect((dearest?.worth ?? 0) + (dearest?.without ?? 0)).toBeCloseTo(Number(without['ndcg@10']), 5);
    expect(without['ndcg@10']).toBeGreaterThan(0.9);
    expect(without.settings).not.toHaveProperty('ranker');
    expect(without.settings).toHaveProperty('blend');
  });

  test('temporal, on events with a repeat baseline', { timeout: 5 * MINUTES }, async () => {
    const rows = ['user,item,at'];
    for (let user = 0; user < 30; user++) for (let month = 1; month <= 4; month++) rows.push(`u${user},i${user % 6},2024-0${month}-10`);
    const data = write('months.csv', rows.join('\n'));
    const report = await json(['evaluate', data, '--map', 'user=user,item=item,at=at', '--model', 'repeat', '--test-from', '2024-04-01']);
    expect(report).toMatchObject({
      protocol: 'temporal',
      cases: 30,
      'recall@5': 1,
      mrr: 1,
      excludeSeen: false,
      testFrom: '2024-04-01T00:00:00.000Z',
    });
    const excluded = await json([
      'evaluate',
      data,
      '--map',
      'user=user,item=item,at=at',
      '--model',
      'repeat',
      '--test-from',
      '2024-04-01',
      '--seen',
      'exclude',
    ]);
    expect(excluded).toMatchObject({ 'recall@5': 0, mrr: 0, excludeSeen: true });
  });

  test('over time one model stands against the best of the cheap baselines, case by case', { timeout: 5 * MINUTES }, async () => {
    const rows = ['user,item,at'];
    for (let user = 0; user < 30; user++) for (let month = 1; month <= 4; month++) rows.push(`u${user},i${user % 15},2024-0${month}-10`);
    const args = ['evaluate', write('paired.csv', rows.join('\n')), '--map', 'user=user,item=item,at=at', '--test-from', '2024-04-01'];
    // Everybody buys the same again: repeat is always right, popularity knows nothing of anybody.
    const report = await json([...args, '--model', 'popularity']);
    const { baseline } = report as Record<'baseline', Record<string, unknown>>;
    expect(baseline).toMatchObject({ model: 'repeat', 'ndcg@10': 1 });
    expect(Number(baseline.difference)).toBeCloseTo(Number(report['ndcg@10']) - 1, 5);
    const [low, high] = baseline.interval as [number, number];
    expect((low + high) / 2).toBeCloseTo(Number(baseline.difference), 5);
    expect((high - low) / 2).toBeCloseTo(1.959964 * Number(baseline.standardError), 5);

    const engine = await json([...args, '--model', 'engine']);
    expect(engine).toMatchObject({ model: 'engine', baseline: { model: 'repeat', 'ndcg@10': 1 } });
    for (const key of ['recall@10', 'ndcg@10', 'auc', 'aucCandidates']) expect(engine[key], key).toBeTypeOf('number');

    const both = await json([...args, '--model', 'ials,repeat']);
    expect(both.runs).toMatchObject([{ model: 'ials', baseline: { model: 'repeat' } }, { model: 'repeat' }]);
    expect((both.runs as object[])[1]).not.toHaveProperty('baseline');
    const { stdout } = await kairank([...args, '--model', 'popularity,repeat']);
    expect(stdout).toMatch(
      /popularity: ndcg@10 -0\.\d{4} against repeat \(1\.0000\): standard error 0\.\d{4}, 95 % interval -.* paired by case/,
    );
  });

  test('sets models and seeds side by side', { timeout: MINUTES }, async () => {
    // Everybody walks a ring: what follows is the next item, which popularity cannot know.
    const lines = Array.from({ length: 60 }, (_, user) => `u${user} ${[0, 1, 2, 3, 4].map((step) => `i${(user + step) % 20}`).join(' ')}`);
    const data = write('ring.txt', lines.join('\n'));
    const common = [
      'evaluate',
      data,
      '--format',
      'sequences',
      '--model',
      'rules,item-knn,sequence,popularity',
      '--seeds',
      '1,2',
      '--k',
      '3',
    ];
    const report = await json([...common, '--budget', '30s']);
    const runs = report.runs as Record<string, unknown>[];
    expect(runs.map(({ model, seed }) => [model, seed])).toEqual(
      [1, 2].flatMap((seed) => ['rules', 'item-knn', 'sequence', 'popularity'].map((model) => [model, seed])),
    );
    const summary = report.summary as Record<string, Record<string, { mean: number; deviation: number }>>;
    expect(summary.rules?.['mrr@3']).toEqual({ mean: 1, deviation: 0 });
    expect(summary.sequence?.['recall@3']?.mean).toBeGreaterThan(0.9);
    expect(summary.popularity?.['recall@3']?.mean).toBeLessThan(0.5);
    for (const run of runs) expect(run).toMatchObject({ budget: 30, refit: false });

    const { stdout, code } = await kairank([...common.slice(0, -1), '5', '--budget', '30s']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/mean ± deviation over the seeds 1, 2; nothing fitted again/);
    expect(stdout).toMatch(/rules +1\.0000 ± 0\.0000/);
  });
});

describe('folds', () => {
  test('ask every user once, and give mean and deviation', { timeout: MINUTES }, async () => {
    const args = ['evaluate', write('folds.txt', ring()), '--format', 'sequences', '--model', 'rules,popularity', '--folds', '3'];
    const report = await json(args);
    const runs = report.runs as Record<string, unknown>[];
    expect(runs.map(({ model, fold, folds, cases }) => [model, fold, folds, cases])).toEqual(
      [1, 2, 3].flatMap((fold) => ['rules', 'popularity'].map((model) => [model, fold, 3, 40])),
    );
    const summary = report.summary as Record<string, Record<string, { mean: number; deviation: number }>>;
    expect(summary.rules?.['ndcg@10']?.mean).toBeGreaterThan(0.9);
    expect(summary.popularity?.['recall@5']?.deviation).toBeTypeOf('number');
    const { stdout } = await kairank(args);
    expect(stdout).toMatch(/leave-one-out: 120 cases, 20 items; mean ± deviation over 3 folds of users, seed 1/);
    const several = await kairank([...args, '--seeds', '1,2']);
    expect(several).toMatchObject({ code: 2, stdout: '' });
    expect(several.stderr).toMatch(/--folds: expected one --seed/);
  });
});

describe('train', () => {
  test('learns, serves with reasons, and Ctrl-C leaves the models as they were', { timeout: 5 * MINUTES }, async () => {
    const shop = join(folder, 'shop');
    const { events } = makeDemoShop({ seed: 5, shoppers: 1500 });
    const data = write('events.jsonl', events.map((event) => JSON.stringify(event)).join('\n'));
    await json(['import', shop, '--events', data, '--map', 'user=user,item=item,at=at,type=type,session=session']);
    const trained = await json(['train', shop, '--seed', '2', '--budget', '6s']);
    expect(trained).toMatchObject({ seed: 2, refitted: true });
    const before = await json(['recommend', shop, '--user', 's0003', '--k', '5']);
    expect(before.trained).toBe(true);
    expect(JSON.stringify(before.items)).toContain('because');

    let sent = false;
    const stopped = await kairank(['train', shop, '--seed', '9'], (child, stderr) => {
      if (sent || !stderr.includes('learning')) return;
      sent = true;
      child.kill('SIGINT');
    });
    expect(stopped.stderr).toContain('KAIRANK_ABORTED');
    expect(stopped.code).toBe(130);
    const after = await json(['recommend', shop, '--user', 's0003', '--k', '5']);
    expect(after.items).toEqual(before.items);

    const similar = await kairank(['similar', shop, '--item', events[0]?.item ?? '', '--k', '3']);
    expect(similar.code).toBe(0);
    expect(similar.stdout.split('\n')).toHaveLength(5);
    const neither = await kairank(['similar', shop]);
    expect(neither.stderr).toContain('either --item or --text');
    expect(neither.code).toBe(2);
  });
});

test('train tells in words what was learned', { timeout: MINUTES }, async () => {
  const shop = join(folder, 'words');
  const rows = ring()
    .split('\n')
    .flatMap((line) => {
      const [user = '', ...items] = line.split(' ');
      return items.map((item, day) => `${user},${item},2024-03-0${day + 1}`);
    });
  const events = write('words.csv', ['user,item,at', ...rows].join('\n'));
  const items = write(
    'words.jsonl',
    Array.from({ length: 20 }, (_, row) => JSON.stringify({ id: `i${row}`, title: `Thing ${row}` })).join('\n'),
  );
  await json(['import', shop, '--events', events, '--map', 'user=user,item=item,at=at', '--items', items]);
  const { code, stdout } = await kairank(['train', shop, '--budget', '5s']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Tried \d+ settings, \d+ epochs? of descriptions(, \d+ epochs? of sequences)?; --json says which\./);
  expect(stdout).toContain('described by title 100 %, title.start 100 %, title.grams 100 %; 0 items by nothing');
  const words = await json(['similar', shop, '--text', 'thing 7', '--k', '3']);
  expect(words).toMatchObject({ text: 'thing 7', trained: true });
  expect(words.items).toHaveLength(3);
  expect(stdout).toMatch(/no ranker: too few shoppers|ranker (used|tried, not used): validation NDCG@10/);
});

test('the demo learns more than popularity', { timeout: 5 * MINUTES }, async () => {
  const demo = await json(['demo', '--seed', '1']);
  const { engine, popularity } = demo.evaluation as Record<'engine' | 'popularity', Record<string, number>>;
  expect(engine?.['recall@10']).toBeGreaterThan(2 * (popularity?.['recall@10'] ?? 1));
  expect(demo.shoppersShown).toHaveLength(3);
});

const beauty = join(resolve(root, process.env.KAIRANK_DATA ?? '../shared/data'), 'beauty', 'sequences.txt');
const there = existsSync(beauty);
if (!there) console.log(`skipped: Amazon Beauty is not at ${beauty} (set KAIRANK_DATA)`);

test.skipIf(!there)('Beauty: the rules reach what counting reaches', { timeout: 10 * MINUTES }, async () => {
  const report = await json(['evaluate', beauty, '--format', 'sequences', '--protocol', 'leave-one-out', '--model', 'rules']);
  expect(report).toMatchObject({ users: 22_363, items: 12_101, cases: 22_363, coldTargets: 138 });
  expect(report['recall@10']).toBeGreaterThanOrEqual(0.0839);
  expect(report['ndcg@10']).toBeGreaterThanOrEqual(0.0529);
});
