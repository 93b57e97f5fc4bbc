/** An index saved to a file and opened again: the same answers, and nothing from a file that was altered. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Id, VectorIndex } from '../../src/vector/index.js';
import { scratch } from './scratch.js';

const [COUNT, DIM] = [3000, 24];
const { folder } = scratch();

/** Seeded numbers from -1 to 1. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const vectors = numbers(COUNT * DIM, 7);
const queries = Array.from({ length: 20 }, (_, i) => numbers(DIM, 100 + i));

function answers(index: VectorIndex<Id> | VectorIndex<number> | VectorIndex, path: 'exact' | 'graph') {
  return queries.map((query) => {
    const { ids, scores } = index.searchSync(query, { k: 10, index: path, efSearch: 100 });
    return { ids: [...ids], scores: [...scores] };
  });
}

describe('a saved index', () => {
  it.each(['string', 'number'] as const)('answers as before when it is opened, with ids that are a %s', async (ids) => {
    const path = join(folder, `${ids}.kv`);
    const index = new VectorIndex({ dim: DIM, metric: 'l2', ids: 'number' });
    const texts = new VectorIndex({ dim: DIM, metric: 'l2' });
    await index.put(
      Float64Array.from({ length: COUNT }, (_, i) => i),
      vectors,
    );
    await texts.put(
      Array.from({ length: COUNT }, (_, i) => `item ${i}`),
      vectors,
    );
    await Promise.all([index.remove([5, 6, 7]), texts.remove(['item 5', 'item 6', 'item 7'])]);
    const saved = ids === 'number' ? index : texts;
    await saved.save(path);
    const opened = await VectorIndex.open(path, { verify: 'all' });
    expect(opened.size).toBe(COUNT - 3);
    expect(answers(opened, 'exact')).toEqual(answers(saved, 'exact'));
    expect(answers(opened, 'graph')).toEqual(answers(saved, 'graph'));
    opened.close();
    // It is written to, saved over the file that it came from, and opened once more.
    if (ids === 'string') return;
    const again = await VectorIndex.open(path, { ids: 'number' });
    await again.put([5], queries[0] ?? new Float32Array(DIM));
    await again.save(path);
    const third = await VectorIndex.open(path, { ids: 'number' });
    expect(third.searchSync(queries[0] ?? new Float32Array(DIM), { k: 1 }).ids).toEqual([5]);
    for (const one of [again, third, index, texts]) one.close();
  });

  it('is refused, by name, when it is not what it was', async () => {
    const path = join(folder, 'index.kv');
    const index = new VectorIndex({ dim: DIM });
    await index.put(
      Array.from({ length: 100 }, (_, i) => `${i}`),
      vectors.subarray(0, 100 * DIM),
    );
    await index.save(path);
    const bytes = await readFile(path);
    const altered = join(folder, 'altered.kv');
    for (const at of [0, 8, 40, bytes.length >> 1, bytes.length - 1]) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 0x40;
      await writeFile(altered, copy);
      const outcome = await VectorIndex.open(altered, { verify: 'all' }).then(
        (opened) => opened.stats.items,
        (error: unknown) => error,
      );
      // A byte that is padding may change; any other makes the file one that is not opened.
      if (outcome !== 100) expect(outcome).toMatchObject({ message: expect.stringContaining('altered.kv') as unknown });
    }
    await writeFile(altered, bytes.subarray(0, bytes.length - 5000));
    await expect(VectorIndex.open(altered)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
    await writeFile(altered, 'id,vector\n');
    await expect(VectorIndex.open(altered)).rejects.toMatchObject({ name: 'KairankError' });
    await expect(VectorIndex.open(join(folder, 'none.kv'))).rejects.toMatchObject({ code: 'KAIRANK_IO' });
    await expect(VectorIndex.open(path, { ids: 'number' })).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'ids' });
    await expect(index.save('')).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT', field: 'path' });
    await expect(index.save(join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({ code: 'KAIRANK_IO' });
  });
});
