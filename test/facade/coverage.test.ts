import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coverageOf, modalitiesOf } from '../../src/catalog/content.js';
import { coverageWords } from '../../src/cli/training.js';
import { defineCatalog, Engine } from '../../src/index.js';

it('counts the items that say something by a modality, and those that say nothing', () => {
  const modalities = modalitiesOf([
    { name: 'title', kind: 'text', values: ['Red shoes', null, '', '🎉 !', null] },
    { name: 'tags', kind: 'labels', values: [['a'], [], null, ['b', 'c'], null] },
    { name: 'price', kind: 'number', values: [0, null, null, 3, null] },
    { name: 'image', kind: 'vector', dim: 2, values: [null, Float32Array.of(0, 1), null, Float32Array.of(0, 0), null] },
  ]);
  // Four of the five rows are items; the last is a row of something that left.
  expect(coverageOf(modalities, 5, 4)).toEqual({
    coverage: { title: 0.25, 'title.start': 0.25, 'title.grams': 0.25, tags: 0.5, price: 0.5, image: 0.25 },
    undescribed: 1,
  });
  expect(coverageOf(modalitiesOf([]), 3, 3)).toEqual({ coverage: {}, undescribed: 3 });
  expect(coverageOf(modalitiesOf([{ name: 'tags', kind: 'labels', values: [] }]), 0, 0)).toEqual({ coverage: { tags: 0 }, undescribed: 0 });
});

it('is reported by a training, of the items of the catalogue, and kept', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kairank-coverage-'));
  const catalog = defineCatalog({ fields: { title: 'text', aisle: 'category', stock: 'boolean', image: { kind: 'vector', dim: 2 } } });
  try {
    const engine = await Engine.open(join(folder, 'shop'), { catalog });
    const items = Array.from({ length: 40 }, (_, index) => ({
      id: `i${index}`,
      ...(index % 4 === 0 ? {} : { aisle: index % 2 === 0 ? 'left' : 'right' }),
      ...(index < 10 ? { title: `thing ${index}` } : {}),
      ...(index === 0 ? { stock: false } : {}),
    }));
    await engine.items.put([...items, { id: 'gone', title: 'gone', aisle: 'left' }]);
    await engine.events.add(
      Array.from({ length: 60 }, (_, user) =>
        [0, 1, 2, 3].map((step) => ({ user: `u${user}`, item: `i${(user + 2 * step) % 40}`, type: 'purchase' as const, at: 1e12 + step })),
      ).flat(),
    );
    await engine.items.remove('gone');
    const { content } = await engine.train({ budget: '3s' });
    expect(content?.coverage).toEqual({
      title: 0.25,
      'title.start': 0.25,
      'title.grams': 0.25,
      aisle: 0.75,
      stock: 0.025,
      image: 0,
    });
    // Every fourth item has no aisle, and those from the tenth on no title.
    expect(content?.undescribed).toBe([12, 16, 20, 24, 28, 32, 36].length);
    await engine.close();
    const again = await Engine.open(join(folder, 'shop'), { catalog });
    const report = again.stats.models?.report;
    expect(report?.content).toEqual(content);
    if (!report) throw new Error('no report');
    expect(coverageWords(report)).toEqual([
      'described by title 25 %, title.start 25 %, title.grams 25 %, aisle 75 %, stock 3 %, image 0 %; 7 items by nothing',
    ]);
    expect(coverageWords({ ...report, content: null })).toEqual([]);
    await again.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
