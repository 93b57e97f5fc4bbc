import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attributeValues, layoutOf } from '../../src/catalog/attributes.js';
import type { ContentField } from '../../src/catalog/content.js';
import { hashOf } from '../../src/catalog/words.js';
import { defineCatalog, Engine } from '../../src/index.js';
import { readBundle, writeBundle } from '../../src/learn/bundle.js';
import { exportModels, importModels } from '../../src/learn/tensors.js';
import type { TrainReport } from '../../src/learn/types.js';
import { native, type NativeModels, SOURCES } from '../../src/native.js';
import { FolderStore } from '../../src/store/folder.js';
import { addEvents, core, putPlain, request } from './native-core.js';

const { learning } = native();

const FIELDS: ContentField[] = [
  { name: 'title', kind: 'text', values: ['Tea', 'Cup', null] },
  { name: 'kind', kind: 'labels', values: [['drink'], null, ['drink']] },
  { name: 'tags', kind: 'labels', values: [['a', 'b', 'b', 'c', 'd', 'e'], ['b'], []] },
  { name: 'price', kind: 'number', values: [3, null, 1.5] },
  { name: 'weight', kind: 'number', values: [null, null, null] },
  { name: 'image', kind: 'vector', dim: 2, values: [null, null, null] },
];

describe('attributes of a catalogue', () => {
  it('are its labels and numbers, of as many labels as items have, at most four', () => {
    expect(layoutOf(FIELDS)).toEqual({
      labels: [
        { name: 'kind', slots: 1 },
        { name: 'tags', slots: 4 },
      ],
      numbers: ['price'],
    });
    expect(layoutOf(FIELDS.slice(0, 1))).toBeNull();
    const many = Array.from({ length: 12 }, (_, at): ContentField => ({ name: `f${at}`, kind: 'labels', values: [['x']] }));
    expect(layoutOf(many)?.labels.map(({ name }) => name)).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7']);
  });

  it('are written row by row, by the hashes of labels, each once', () => {
    const layout = {
      labels: [
        { name: 'tags', slots: 3 },
        { name: 'gone', slots: 1 },
        { name: 'kind', slots: 1 },
      ],
      numbers: ['price', 'gone'],
    };
    const none = Number.NaN;
    expect(attributeValues(3, FIELDS, layout)).toEqual({
      slots: Uint32Array.of(3, 1, 1),
      labels: Uint32Array.from([
        ...[hashOf('a'), hashOf('b'), hashOf('c'), 0, hashOf('drink')],
        ...[hashOf('b'), 0, 0, 0, 0],
        ...[0, 0, 0, 0, hashOf('drink')],
      ]),
      numbers: 2,
      values: Float64Array.of(3, none, none, none, 1.5, none),
    });
  });

  it('are refused where they would be read beyond their end', () => {
    const good = attributeValues(3, FIELDS, layoutOf(FIELDS) ?? expect.fail());
    const wrong: unknown[] = [
      { ...good, labels: good.labels.subarray(1) },
      { ...good, slots: Uint32Array.of(4_294_967_295, 6) },
      { ...good, slots: [1, 4] },
      { ...good, numbers: -1 },
      { ...good, numbers: 17 },
      { ...good, values: Float64Array.of(1, 2, Number.POSITIVE_INFINITY) },
      null,
    ];
    for (const values of wrong) {
      expect(() => learning.createAttributes(3, values as typeof good)).toThrow(
        expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' }),
      );
    }
    const tensors = learning.createAttributes(3, good).tensors();
    expect(learning.attributesFromTensors(3, tensors).tensors()).toEqual(tensors);
    for (const changed of [{ cuts: tensors.cuts.subarray(1) }, { quantiles: Float32Array.of(0, 2, 0) }, { slots: Uint32Array.of(5, 5) }]) {
      expect(() => learning.attributesFromTensors(3, { ...tensors, ...changed })).toThrow(
        expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('a ranker that goes by categories alone', () => {
  const KINDS = ['red', 'green', 'blue', 'red', 'green', 'blue', 'red', 'green'];
  const groups = learning.rankerGroups();
  /** Its only word: by how much the share of a candidate's labels exceeds what they have among all. */
  const heard = groups.indexOf('interests');

  function models(): NativeModels {
    const inputs = groups.length;
    const weights = new Float32Array(inputs + 1 + 2 + 1);
    weights[heard] = 1;
    // One neuron that cuts off below -1, so that what is below what is usual is told apart, too.
    weights[inputs] = 1;
    weights[inputs + 1] = 1;
    weights[inputs + 3] = 1;
    const fields: ContentField[] = [{ name: 'kind', kind: 'labels', values: KINDS.map((kind) => [kind]) }];
    return learning.createModels({
      items: KINDS.length,
      rules: null,
      factors: null,
      sequence: null,
      sessions: null,
      content: null,
      attributes: learning.createAttributes(KINDS.length, attributeValues(KINDS.length, fields, layoutOf(fields) ?? expect.fail())),
      ranker: learning.rankerFromTensors({
        inputs,
        hidden: 1,
        narrow: 1,
        mean: new Float32Array(inputs),
        scale: new Float32Array(inputs).fill(1),
        weights,
        trust: 0,
        slope: 1,
        offset: 0,
        depth: 200,
      }),
      recent: null,
      returns: null,
      popularity: Float32Array.from(KINDS, (_, row) => 10 - row),
      attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
      blend: { weight: SOURCES.map((source) => Number(source === 'popularity')), missing: SOURCES.map(() => 0) },
      excludeSeen: true,
    });
  }

  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kairank-attributes-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Who had a green thing, and before it a blue one: green 2/3, blue 1/3, and each is 3/8 or 2/8 of the shop. */
  async function order(set: NativeModels, put?: string): Promise<[string, number][]> {
    const engine = core();
    putPlain(engine, [...KINDS.map((_, row) => `i${row}`), 'late']);
    engine.publish(set);
    if (put !== undefined) {
      const layout = { labels: [{ name: 'kind', slots: 1 }], numbers: [] };
      engine.putContent(['late'], null, attributeValues(1, [{ name: 'kind', kind: 'labels', values: [[put]] }], layout));
    }
    addEvents(engine, [
      { user: 'ann', item: 'i2', at: 1 },
      { user: 'ann', item: 'i1', at: 2 },
    ]);
    const { ids, scores } = await engine.request(request({ user: 'ann' })).promise;
    engine.close();
    return ids.map((id, index): [string, number] => [id, Number((scores[index] ?? 0).toFixed(4))]);
  }
  const green = Number((1 + 2 / 3 - 3 / 8).toFixed(4));
  const blue = Number((1 + 1 / 3 - 2 / 8).toFixed(4));
  const red = Number((1 - 3 / 8).toFixed(4));

  it('puts them by what the shopper is looking for, and late items among them, over a bundle, too', async () => {
    const known: [string, number][] = [
      ['i4', green],
      ['i7', green],
      ['i5', blue],
    ];
    const rest: [string, number][] = [
      ['i0', red],
      ['i3', red],
      ['i6', red],
    ];
    const set = models();
    // Of the item without attributes nothing is known: a zero stands between.
    expect(await order(set)).toEqual([...known, ['late', 1], ...rest]);
    expect(await order(set, 'green')).toEqual([...known.slice(0, 2), ['late', green], ['i5', blue], ...rest]);
    const keys = Float64Array.from(KINDS, (_, row) => row + 1);
    const reference = await writeBundle(folder, exportModels(set, keys), { seed: 1 } as TrainReport);
    const { tensors } = await readBundle(folder, reference);
    expect(await order(importModels(tensors), 'blue')).toEqual([...known, ['late', blue], ...rest]);
  });

  it('is left out, and told of, where it comes of a version that told it other things', async () => {
    const dir = join(folder, 'shop');
    const catalog = defineCatalog({ fields: { kind: 'category' } });
    const first = await Engine.open(dir, { catalog });
    await first.items.put(KINDS.map((kind, row) => ({ id: `i${row}`, kind })));
    await first.close();
    const { ranker, ...others } = exportModels(
      models(),
      Float64Array.from(KINDS, (_, row) => row + 1),
    );
    const earlier = ranker && { ...ranker, inputs: 1, mean: Float32Array.of(0), scale: Float32Array.of(1), weights: new Float32Array(5) };
    const report = { seed: 1, content: null, ranker: { used: true } } as unknown as TrainReport;
    const reference = await writeBundle(join(dir, 'models'), { ...others, ranker: earlier }, report);
    const store = await FolderStore.open(dir, { readOnly: false, settings: (stored) => stored ?? expect.fail() });
    await store.write((transaction) => transaction.setCurrent(reference));
    await store.close();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const engine = await Engine.open(dir, { catalog });
    try {
      expect(warned).toHaveBeenCalledWith(expect.stringContaining('train again'), { type: 'KairankWarning' });
      expect(engine.stats.models?.report.ranker?.used).toBe(false);
      const { items } = await engine.recommend({ events: [{ item: 'i1' }], k: 2 });
      expect(items.map(({ id }) => id)).toEqual(['i0', 'i2']);
    } finally {
      warned.mockRestore();
      await engine.close();
    }
  });
});
