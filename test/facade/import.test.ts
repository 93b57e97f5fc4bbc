import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { createItemAdapter } from '../../src/shopper/adapters/items.js';
import { createMappingAdapter } from '../../src/shopper/adapters/mapping.js';
import type { ShopEvent } from '../../src/shopper/events.js';
import { type ImportTarget, importEvents, importItems } from '../../src/shopper/import.js';
import { scratch } from './scratch.js';

const { folder, write } = scratch();

/** An engine that keeps what it is given, knows ids, and refuses some users. */
function recorder(
  refused: (event: ShopEvent) => boolean = () => false,
): ImportTarget & { stored: ShopEvent[]; put: string[]; calls: number } {
  const ids = new Set<string>();
  const recorded = { stored: [] as ShopEvent[], put: [] as string[], calls: 0 };
  return Object.assign(recorded, {
    events: {
      add: async (events: readonly ShopEvent[]) => {
        recorded.calls++;
        const bad = events.findIndex(refused);
        if (bad >= 0) throw new KairankError('KAIRANK_INVALID_ARGUMENT', 'no', { field: `events[${bad}].user` });
        const fresh = events.filter((event) => {
          const known = event.id !== undefined && ids.has(event.id);
          if (event.id !== undefined) ids.add(event.id);
          return !known;
        });
        recorded.stored.push(...fresh);
        return { accepted: fresh.length, duplicates: events.length - fresh.length };
      },
    },
    items: {
      put: async (items: readonly { id: string }[]) => {
        recorded.put.push(...items.map((item) => item.id));
        return { put: items.length };
      },
    },
  });
}

const map = { user: 'user', item: 'item', at: 'at', id: 'id' };
const byMap = (columns: readonly string[] | undefined) => createMappingAdapter({ map }, columns);

const MESSY = [
  'user,item,at,id',
  'u1,i1,2024-01-01,e1',
  ',i1,2024-01-01,e2',
  'u2,i2,not a date,e3',
  'u2,"i2,2024-01-01',
  'u3,i3',
  'u1,i1,2024-01-01,e1',
  '"u,4",i4,2024-01-02,e5',
  '',
  'bad,i5,2024-01-02,e6',
].join('\n');

describe('importing events', () => {
  test('every record is accepted, a duplicate, or rejected by reason and written with its line', async () => {
    const target = recorder((event) => event.user === 'bad');
    const report = await importEvents(target, write('messy.csv', MESSY), byMap, { folder });
    expect(report).toMatchObject({
      read: 8,
      accepted: 2,
      duplicates: 1,
      rejected: { 'user missing': 1, 'at unreadable': 1, 'quote not closed': 1, 'wrong number of fields': 1, 'refused: user': 1 },
    });
    expect(target.stored.map((event) => event.user)).toEqual(['u1', 'u,4']);
    const lines = readFileSync(report.rejectedFile ?? '', 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { at: 3, reason: 'user missing', record: { user: '', item: 'i1', at: '2024-01-01', id: 'e2' } },
      { at: 4, reason: 'at unreadable', record: { user: 'u2', item: 'i2', at: 'not a date', id: 'e3' } },
      { at: 5, reason: 'quote not closed', record: 'u2,"i2,2024-01-01' },
      { at: 6, reason: 'wrong number of fields', record: 'u3,i3' },
      { at: 10, reason: 'refused: user', record: { user: 'bad', item: 'i5', at: '2024-01-02', id: 'e6' } },
    ]);
    expect(report.rejectedFile).toMatch(/rejected-events-.*\.jsonl$/);
  });

  test('nothing rejected leaves no file; progress ends at the end', async () => {
    const clean = write('clean.jsonl', '{"user":"u","item":"i","at":1700000000}\n');
    const before = readdirSync(folder).length;
    const seen: number[] = [];
    const report = await importEvents(recorder(), clean, byMap, { folder, onProgress: (done) => seen.push(done) });
    expect(report).toMatchObject({ read: 1, accepted: 1, rejected: {}, rejectedFile: null, notes: { at: 'seconds' } });
    expect(readdirSync(folder)).toHaveLength(before);
    expect(seen.at(-1)).toBe(1);
  });

  test('errors of the engine that are not about a record end the import', async () => {
    const target: ImportTarget = {
      ...recorder(),
      events: { add: () => Promise.reject(new KairankError('KAIRANK_CLOSED', 'closed')) },
    };
    await expect(importEvents(target, join(folder, 'clean.jsonl'), byMap, { folder })).rejects.toMatchObject({ code: 'KAIRANK_CLOSED' });
  });

  test('a folder that cannot be written is said, not passed over', async () => {
    const path = write('one-bad.csv', 'user,item,at,id\n,i,2024-01-01,\n');
    await expect(importEvents(recorder(), path, byMap, { folder: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'KAIRANK_IO' });
  });

  test('an aborted import stops between batches', async () => {
    const controller = new AbortController();
    const path = write('many.csv', `user,item,at,id\n${'u,i,2024-01-01,\n'.repeat(60_000)}`);
    const target = recorder();
    const importing = importEvents(target, path, byMap, { folder, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(importing).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
    expect(target.stored.length).toBeGreaterThan(0);
    expect(target.stored.length).toBeLessThan(60_000);
  });
});

test('importing items', async () => {
  const adapter = createItemAdapter({ id: 'id', fields: { price: 'number' }, ignored: ['x'] });
  const target = recorder();
  const report = await importItems(target, write('items.jsonl', '{"id":"a","price":1}\n{"price":2}\n{"id":"b","price":"?"}\n'), adapter, {
    folder,
  });
  expect(report).toMatchObject({
    read: 3,
    accepted: 1,
    rejected: { 'id missing': 1, 'price not a number': 1 },
    notes: { id: 'id', ignored: 'x' },
  });
  expect(target.put).toEqual(['a']);
});
