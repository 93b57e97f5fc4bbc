import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../facade/scratch.js';
import { json, kairank } from './cli.js';

const { folder, write } = scratch();
const MINUTES = 60_000;

describe('usage', () => {
  test('help says what there is, with examples', { timeout: MINUTES }, async () => {
    const { code, stdout } = await kairank(['--help']);
    expect(code).toBe(0);
    for (const command of ['demo', 'import', 'train', 'evaluate', 'recommend', 'similar', 'serve', 'doctor', 'Examples:'])
      expect(stdout).toContain(command);
  });

  test.each([
    [['teleport'], /unknown command 'teleport'/],
    [['train'], /missing required argument 'shop'/],
    [['recommend', 'shop'], /--user/],
    [['train', 'shop', '--seed', 'x'], /--seed: expected a whole number/],
    [['train', 'shop', '--goal', 'purchase=0'], /--goal: expected event types and weights above 0/],
    [['train', 'shop', '--goal', 'cart=1,cart=2'], /--goal: expected every event type once/],
    [['evaluate', 'file', '--model', 'magic'], /--model: expected one of "engine", .*"magic"/],
    [['import', 'shop'], /--events/],
    [['import', 'shop', '--events', 'f.csv'], /--map: expected columns for user, item and at/],
  ])('%j ends with 2 and says why', { timeout: MINUTES }, async (args, message) => {
    const { code, stdout, stderr } = await kairank(args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('doctor names the machine and finds nothing wrong', { timeout: MINUTES }, async () => {
    const found = await json(['doctor']);
    expect(found).toMatchObject({ node: process.versions.node, platform: `${process.platform}-${process.arch}`, problems: [], gpu: null });
    expect(found.native).toHaveProperty('active');
    expect(found.lmdb).toMatch(/^\d+\./);
  });
});

describe('import', () => {
  test('reads records, counts what it rejects, and the shop answers', { timeout: 2 * MINUTES }, async () => {
    const shop = join(folder, 'shop');
    const events = write(
      'events.csv',
      [
        'who,what,when,action',
        'ann,tent,1704067200,view',
        'ann,mat,1704067300,purchase',
        ',mat,1704067300,view',
        'bob,tent,soon,view',
        'bob,mat,1704067400,nod',
      ].join('\n'),
    );
    const items = write('items.jsonl', '{"id":"tent","title":"Tent","price":240}\n{"id":"mat","title":"Mat","price":60}\n{"title":"?"}\n');
    const report = await json(['import', shop, '--events', events, '--map', 'user=who,item=what,at=when,type=action', '--items', items]);
    expect(report).toMatchObject({
      read: 5,
      accepted: 2,
      duplicates: 0,
      rejected: { 'user missing': 1, 'at unreadable': 1, 'type unknown': 1 },
      notes: { at: 'seconds' },
      items: 2,
      users: 1,
      events: 2,
    });
    expect(readFileSync(String(report.rejectedFile), 'utf8').trim().split('\n')).toHaveLength(3);
    const answer = await json(['recommend', shop, '--user', 'ann', '--k', '2']);
    expect(answer).toMatchObject({ user: 'ann', trained: false, next: null });
    const { code, stderr } = await kairank(['recommend', shop, '--user', 'eve']);
    expect(stderr).toMatch(/^kairank: KAIRANK_NOT_FOUND: .*eve/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  test('a wrong mapping or file is said before a shop is made', { timeout: 2 * MINUTES }, async () => {
    const shop = join(folder, 'never');
    const events = write('small.csv', 'a,b,c\n1,2,3\n');
    const mapped = await kairank(['import', shop, '--events', events, '--map', 'user=a,item=b,at=time']);
    expect(mapped).toMatchObject({ code: 2, stdout: '' });
    expect(mapped.stderr).toContain('(a, b, c)');
    const fake = await kairank(['import', shop, '--events', write('fake.parquet', 'a,b\n1,2\n'), '--map', 'user=a,item=b,at=c', '--json']);
    expect(fake.code).toBe(1);
    expect(JSON.parse(fake.stderr)).toMatchObject({ error: { code: 'KAIRANK_CORRUPT_FILE' } });
    const missing = await kairank(['import', shop, '--events', join(folder, 'none.csv'), '--map', 'user=a,item=b,at=c']);
    expect(missing).toMatchObject({ code: 1 });
    expect(existsSync(shop)).toBe(false);
  });

  test('invoices import with one command, twice without counting twice', { timeout: 2 * MINUTES }, async () => {
    const rows = [
      'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country',
      '489434,85123a,WHITE HANGER,6,2009-12-01 07:45:00,2.55,13085.0,United Kingdom',
      '489434,22423,"CAKESTAND, 3 TIER",1,2009-12-01 07:45:00,12.75,13085.0,United Kingdom',
      '489435,22423,"CAKESTAND, 3 TIER",1,2009-12-01 09:00:00,12.75,,United Kingdom',
      'C489440,85123A,WHITE HANGER,-6,2009-12-02 10:00:00,2.55,13085.0,United Kingdom',
      '489441,22423,damaged,-3,2009-12-02 11:00:00,0,,United Kingdom',
    ];
    const file = write('retail.csv', rows.join('\n'));
    const shop = join(folder, 'retail');
    const first = await json(['import', shop, '--events', file, '--format', 'online-retail']);
    expect(first).toMatchObject({
      read: 5,
      accepted: 4,
      duplicates: 0,
      rejected: { 'return without a customer': 1 },
      items: 2,
      users: 2,
      events: 4,
    });
    const again = await json(['import', shop, '--events', file, '--format', 'online-retail']);
    expect(again).toMatchObject({ read: 5, accepted: 0, duplicates: 4, events: 4 });
    const { stdout } = await kairank(['recommend', shop, '--user', '13085']);
    expect(stdout).toContain('CAKESTAND, 3 TIER');
    expect(stdout).toContain('return');
  });
});
