import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeBlock, type EventBlock, encodeBlock } from '../../src/store/block.js';
import { checkDataFile } from '../../src/store/data-file.js';
import { FolderStore } from '../../src/store/folder.js';
import { lockFolder } from '../../src/store/lock.js';
import type { StoreSettings } from '../../src/store/store.js';

const SETTINGS: StoreSettings = { catalog: { fields: [], title: null }, eventTypes: { own: [], weights: {} } };
const open = (dir: string, readOnly = false): Promise<FolderStore> =>
  FolderStore.open(dir, { readOnly, settings: (stored) => stored ?? SETTINGS });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kairank-store-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const block = (users: string[], extras: EventBlock['extras'] = users.map(() => null)): EventBlock => ({
  users,
  itemKeys: Float64Array.from(users, (_, index) => index + 1),
  types: Uint16Array.from(users, (_, index) => index % 7),
  times: Float64Array.from(users, (_, index) => 1e12 + index),
  values: Float64Array.from(users, (_, index) => (index % 2 ? Number.NaN : index)),
  extras,
});

const blocks = fc
  .array(
    fc.record({
      user: fc.string({ minLength: 1, unit: 'grapheme' }),
      key: fc.nat(),
      type: fc.nat(65535),
      time: fc.double({ noNaN: true }),
      value: fc.double(),
      extras: fc.option(fc.record({ query: fc.string(), quantity: fc.integer() }), { nil: null }),
    }),
    { maxLength: 40 },
  )
  .map(
    (events): EventBlock => ({
      users: events.map(({ user }) => user),
      itemKeys: Float64Array.from(events, ({ key }) => key),
      types: Uint16Array.from(events, ({ type }) => type),
      times: Float64Array.from(events, ({ time }) => time),
      values: Float64Array.from(events, ({ value }) => value),
      extras: events.map(({ extras }) => extras),
    }),
  );

describe('blocks of the event log', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(blocks, (one) => {
        expect(decodeBlock(encodeBlock(one), 'test')).toEqual(one);
      }),
    );
  });

  it('are refused when a byte has changed or is missing', () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (one, place, change, cut) => {
        const bytes = encodeBlock(one);
        const at = place % bytes.length;
        const broken = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) broken[at] = (broken[at] ?? 0) ^ change;
        expect(() => decodeBlock(broken, 'test')).toThrowError(expect.objectContaining({ code: 'KAIRANK_CORRUPT_FILE' }));
      }),
    );
  });
});

describe('the folder', () => {
  it('keeps keys, items, events and the current bundle', async () => {
    const store = await open(dir);
    await store.write((tx) => {
      for (const id of ['b', 'a']) {
        tx.giveKey(id);
        tx.putItem(id, { price: id.length });
      }
      tx.log.append(block(['u', 'v']));
    });
    await store.write((tx) => {
      tx.giveKey('c');
      tx.removeItem('a');
      tx.log.append(block(['w'], [{ query: 'shoes' }]));
      tx.setCurrent({ bundle: 'one', checksum: 'x' });
    });
    await store.close();
    const again = await open(dir);
    expect(again.ids()).toEqual(['b', 'a', 'c']);
    expect([...again.items()].flat()).toEqual([{ id: 'b', key: 1, fields: { price: 1 } }]);
    expect([...again.log.replay()]).toEqual([block(['u', 'v']), block(['w'], [{ query: 'shoes' }])]);
    expect(again.current).toEqual({ bundle: 'one', checksum: 'x' });
    expect(await again.write((tx) => [tx.keyOf('a'), tx.keyOf('x'), tx.giveKey('x')])).toEqual([2, 0, 4]);
    await again.close();
  });

  it('keeps every string an id may be, apart', async () => {
    const ids = [
      '\0',
      '\0\0',
      '\u0001',
      ' ',
      'a\0b',
      'a',
      'é',
      'e\u0301',
      '\u{1F600}',
      '\uffff',
      'x'.repeat(512),
      '漢'.repeat(512),
      '\0'.repeat(512),
      '1',
      '01',
    ];
    const store = await open(dir);
    await store.write((tx) => {
      for (const id of ids) tx.giveKey(id);
    });
    expect(store.ids()).toEqual(ids);
    expect(await store.write((tx) => ids.map((id) => tx.keyOf(id)))).toEqual(ids.map((_, index) => index + 1));
    await store.close();
  });

  it('applies changes in the order of the calls, after their commit', async () => {
    const store = await open(dir);
    const applied: number[] = [];
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        if (index % 3 === 0) await Promise.resolve();
        const result = await store.write(
          (tx) => tx.giveKey(`i${index}`),
          (key) => applied.push(key),
        );
        expect(applied).toContain(result);
      }),
    );
    expect(applied).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    await store.close();
  });

  it('writes nothing of a group in which a change fails', async () => {
    const store = await open(dir);
    const first = store.write((tx) => tx.giveKey('a'));
    const second = store.write(() => {
      throw new Error('no');
    });
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow('no');
    expect(store.ids()).toEqual([]);
    expect(await store.write((tx) => tx.giveKey('b'))).toBe(1);
    await store.close();
  });

  it('has one owner: a second engine is told, also from another process', async () => {
    const store = await open(dir);
    await expect(open(dir)).rejects.toMatchObject({
      code: 'KAIRANK_FOLDER_LOCKED',
      message: expect.stringContaining(`pid ${process.pid}`) as string,
    });
    const reader = await open(dir, true);
    await expect(reader.write((tx) => tx.giveKey('a'))).rejects.toMatchObject({ code: 'KAIRANK_READ_ONLY' });
    await reader.close();
    await store.write((tx) => tx.giveKey('a'));
    await store.close();
    const again = await open(dir);
    expect(again.ids()).toEqual(['a']);
    await again.close();
  });

  it('is refused when it is something else', async () => {
    writeFileSync(join(dir, 'letters.txt'), 'dear');
    await expect(open(dir)).rejects.toMatchObject({ code: 'KAIRANK_UNSUPPORTED_FORMAT' });
    expect(existsSync(join(dir, 'LOCK.1'))).toBe(false);
    await expect(open(join(dir, 'letters.txt'))).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT' });
    await expect(open(join(dir, 'none'), true)).rejects.toMatchObject({ code: 'KAIRANK_NOT_FOUND' });
    writeFileSync(join(dir, 'data.mdb'), 'not a database');
    await expect(open(dir)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
  });
});

async function fill(folder: string): Promise<void> {
  const store = await open(folder);
  for (let round = 0; round < 5; round++) {
    await store.write((tx) => {
      for (let item = 0; item < 400; item++) {
        const id = `item-${round}-${item}`;
        tx.giveKey(id);
        tx.putItem(id, { title: 'x'.repeat(item) });
      }
      tx.log.append(block(Array.from({ length: 500 }, (_, index) => `user-${index}`)));
    });
  }
  await store.close();
}

describe('data.mdb', () => {
  it('is refused when cut off, wherever; never mapped', async () => {
    await fill(dir);
    const path = join(dir, 'data.mdb');
    const whole = readFileSync(path);
    checkDataFile(path, false);
    for (let size = whole.length - 4096; size > 0; size -= 4096 * 13 + 100) {
      truncateSync(path, size);
      expect(() => checkDataFile(path, false)).toThrowError(expect.objectContaining({ code: 'KAIRANK_CORRUPT_FILE' }));
    }
    await expect(open(dir)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', message: expect.stringContaining('data.mdb') as string });
  });

  it('opens or is refused when bytes of its pages changed; the process lives', async () => {
    await fill(dir);
    const path = join(dir, 'data.mdb');
    const whole = readFileSync(path);
    const script = `
      import { FolderStore } from ${JSON.stringify(new URL('../../src/store/folder.ts', import.meta.url).href)};
      try {
        const store = await FolderStore.open(${JSON.stringify(dir)}, { readOnly: false, settings: (stored) => stored });
        try { store.ids(); for (const _ of store.items()); for (const _ of store.log.replay()); } finally { await store.close(); }
        console.log('fine');
      } catch (error) { console.log(error.code); }`;
    for (const [seed, at] of [0, 4096, 8192, 40960, Math.floor(whole.length / 2 / 4096) * 4096].entries()) {
      const broken = Buffer.from(whole);
      for (let index = 0; index < 24; index++) broken[at + 16 + index] = (index * 37 + seed * 11 + 5) & 255;
      writeFileSync(path, broken);
      const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
      expect(run.status, run.stderr).toBe(0);
      expect(run.stdout.trim()).toMatch(/^(fine|KAIRANK_CORRUPT_FILE|KAIRANK_UNSUPPORTED_FORMAT)$/);
    }
  });
});

describe('the lock', () => {
  it('passes on when its owner died, by kill -9 too', () => {
    const script = `
      import { lockFolder } from ${JSON.stringify(new URL('../../src/store/lock.ts', import.meta.url).href)};
      lockFolder(${JSON.stringify(dir)});
      process.kill(process.pid, 'SIGKILL');`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    expect(run.signal).toBe('SIGKILL');
    const lock = lockFolder(dir);
    expect(() => lockFolder(dir)).toThrowError(expect.objectContaining({ code: 'KAIRANK_FOLDER_LOCKED' }));
    lock.release();
    lock.release();
    lockFolder(dir).release();
  });

  it('does not mistake another process with the same pid for its owner', () => {
    mkdirSync(join(dir, 'f'));
    const lock = lockFolder(join(dir, 'f'));
    cpSync(join(dir, 'f'), join(dir, 'g'), { recursive: true });
    const path = join(dir, 'g', 'LOCK.1');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"start":"\d+"/, '"start":"1"'));
    lockFolder(join(dir, 'g')).release();
    expect(statSync(join(dir, 'g')).isDirectory()).toBe(true);
    lock.release();
  });

  it('is taken by one of many processes at a time', () => {
    writeFileSync(join(dir, 'LOCK.7'), '{"pid":999999,"start":"1","boot":"","namespace":"","released":false}');
    const script = `
      import { appendFileSync } from 'node:fs';
      import { lockFolder } from ${JSON.stringify(new URL('../../src/store/lock.ts', import.meta.url).href)};
      const until = Date.now() + 1500;
      let took = 0;
      while (Date.now() < until) {
        let lock;
        try { lock = lockFolder(${JSON.stringify(dir)}); } catch (error) { if (error.code !== 'KAIRANK_FOLDER_LOCKED') throw error; continue; }
        appendFileSync(${JSON.stringify(join(dir, 'trace'))}, '+' + process.pid + '\\n');
        appendFileSync(${JSON.stringify(join(dir, 'trace'))}, '-' + process.pid + '\\n');
        lock.release();
        took++;
      }
      if (took === 0) throw new Error('never got it');`;
    const runs = spawnSync(
      'bash',
      ['-c', `for i in 1 2 3; do "$0" --import tsx --input-type=module -e "$1" & done; wait`, process.execPath, script],
      { encoding: 'utf8' },
    );
    expect(runs.stderr).toBe('');
    const trace = readFileSync(join(dir, 'trace'), 'utf8').trim().split('\n');
    for (let index = 0; index < trace.length; index += 2) {
      expect(trace[index]?.slice(1)).toBe(trace[index + 1]?.slice(1));
      expect(trace[index]?.[0]).toBe('+');
    }
  });
});
