import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../facade/scratch.js';
import { json, kairank, root } from './cli.js';

const { write } = scratch();
const MINUTES = 60_000;

/** Forty users who keep to one of four kinds of thing, ten items each. */
const kinds = ['tea', 'lamp', 'tent', 'shoe'];
const sequences = Array.from({ length: 40 }, (_, user) => {
  const kind = user % kinds.length;
  return `u${user} ${Array.from({ length: 6 }, (_, step) => `${kinds[kind]}${(user + step * 3) % 10}`).join(' ')}`;
}).join('\n');
const items = ['item_id\ttitle\tcategories']
  .concat(
    kinds.flatMap((kind, index) =>
      Array.from({ length: 10 }, (_, item) => `${kind}${item}\tThe ${kind} no ${item}\tAll > ${kind}s${index}`),
    ),
  )
  .filter((line) => !line.startsWith('shoe9'))
  .join('\n');

describe('cold items', () => {
  test('are asked about with models of content, beside each other', { timeout: MINUTES }, async () => {
    const args = ['evaluate', write('cold.txt', sequences), '--format', 'sequences', '--items', write('items.tsv', items)];
    const report = await json([...args, '--cold-items', '0.2', '--seed', '3', '--k', '2', '--model', 'tfidf,category,random,popularity']);
    const runs = report.runs as Record<string, unknown>[];
    for (const run of runs) {
      expect(run).toMatchObject({ protocol: 'cold-items', items: 40, coldItems: 8, validationColdItems: 6, coldShare: 0.2, seed: 3 });
      expect(run).toMatchObject({
        catalogue: { fields: { title: 'text', categories: 'path' }, missing: 1, unused: 0, ignored: [], rejected: {} },
        excludeSeen: true,
        refit: false,
      });
      for (const key of ['cases', 'recall@10', 'ndcg@10', 'droppedCases']) expect(run[key], key).toBeTypeOf('number');
    }
    const [tfidf, category, random, popularity] = runs;
    // All eight held-out items are among the first ten of themselves.
    for (const run of [tfidf, category, random]) expect(run?.['coldRecall@10']).toBe(1);
    expect(tfidf?.['coldNdcg@2']).toBeGreaterThan(Number(random?.['coldNdcg@2']));
    expect(category?.['coldNdcg@2']).toBeGreaterThan(Number(random?.['coldNdcg@2']));
    // Popularity recalls nothing that nobody had.
    expect(popularity).toMatchObject({ 'coldRecall@10': 0, 'coldNdcg@10': 0 });

    const { stdout, code } = await kairank([...args, '--cold-items', '0.2', '--model', 'tfidf']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/among the 8 held-out items: recall@10 1\.0000, ndcg@10 0\.\d{4}; \d+ cases? dropped/);
    expect(stdout).toContain('39 of 40 items described, by title (text), categories (path); 0 records rejected');
  });

  test('content ranks them as a native model, with a report of what was learned', { timeout: MINUTES }, async () => {
    const args = ['evaluate', write('tower.txt', sequences), '--format', 'sequences', '--items', write('tower.tsv', items)];
    const report = await json([...args, '--cold-items', '0.2', '--seed', '3', '--k', '2', '--model', 'content']);
    expect(report).toMatchObject({ model: 'content', protocol: 'cold-items', items: 40, coldItems: 8 });
    expect(report['coldRecall@10']).toBe(1);
    const { settings } = report as Record<'settings', Record<'content', Record<string, unknown>>>;
    expect(settings.content.dim).toBeTypeOf('number');
    expect(settings.content.modalities).toEqual(expect.arrayContaining(['title', 'categories']));
  });

  test('models of content need none to be cold', { timeout: MINUTES }, async () => {
    const args = ['evaluate', write('warm.txt', sequences), '--format', 'sequences', '--items', write('warm.tsv', items)];
    const report = await json([...args, '--model', 'tfidf']);
    expect(report).toMatchObject({ protocol: 'leave-one-out', cases: 40 });
    // Five of ten of the kind are left.
    expect(report['recall@10']).toBeGreaterThan(0.9);
    expect(report).not.toHaveProperty(['coldRecall@10']);
  });

  test('events of a shop have them, too', { timeout: MINUTES }, async () => {
    const rows = sequences.split('\n').flatMap((line) => {
      const [user = '', ...own] = line.split(' ');
      return own.map((item, day) => `${user},${item},2024-03-0${day + 1}`);
    });
    const path = write('events.csv', ['user,item,at', ...rows].join('\n'));
    const report = await json(['evaluate', path, '--items', write('e.tsv', items), '--cold-items', '0.2', '--model', 'category']);
    expect(report).toMatchObject({ protocol: 'cold-items', coldItems: 8, excludeSeen: false, 'coldRecall@10': 1 });
  });

  test.each([
    [['--cold-items', '2'], /--cold-items: expected a share above 0 and below 1, such as 0\.1, got "2"/],
    [['--cold-items', '0.1', '--protocol', 'leave-one-out'], /protocol: expected cold-items, or none, .*"leave-one-out"/],
    [['--model', 'engine,tfidf'], /--items: expected a file of items, which the model tfidf goes by, got "none"/],
  ])('%j ends with 2 and says why', { timeout: MINUTES }, async (args, message) => {
    const { code, stdout, stderr } = await kairank(['evaluate', write('u.txt', sequences), '--format', 'sequences', ...args]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('a file of other items is refused', { timeout: MINUTES }, async () => {
    const args = ['evaluate', write('o.txt', sequences), '--format', 'sequences', '--items', write('o.csv', 'id,title\nx,A tea\n')];
    const { code, stderr } = await kairank([...args, '--model', 'tfidf']);
    expect(stderr).toMatch(/items: expected a file whose column id has items of the events, such as tea0, got "x"/);
    expect(code).toBe(2);
  });
});

const beauty = join(resolve(root, process.env.KAIRANK_DATA ?? '../shared/data'), 'beauty');
const there = existsSync(join(beauty, 'items.tsv'));
if (!there) console.log(`skipped: Amazon Beauty is not at ${beauty} (set KAIRANK_DATA)`);

test.skipIf(!there)('Beauty: content finds cold items, as others have measured', { timeout: 5 * MINUTES }, async () => {
  const args = ['evaluate', join(beauty, 'sequences.txt'), '--format', 'sequences', '--items', join(beauty, 'items.tsv')];
  const report = await json([...args, '--cold-items', '0.1', '--seed', '1', '--model', 'tfidf,category,random']);
  const [tfidf, category, random] = report.runs as Record<string, unknown>[];
  expect(tfidf).toMatchObject({ items: 12_101, coldItems: 1210, catalogue: { missing: 0, ignored: ['asin'] } });
  // About .164, .05 and .0083 (10 of 1,210).
  expect(Math.abs(Number(tfidf?.['coldRecall@10']) - 0.164)).toBeLessThan(0.02);
  expect(Math.abs(Number(category?.['coldRecall@10']) - 0.05)).toBeLessThan(0.01);
  expect(Math.abs(Number(random?.['coldRecall@10']) - 0.0083)).toBeLessThan(0.004);
});
