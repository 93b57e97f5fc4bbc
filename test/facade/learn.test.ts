import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pruneBundles, readBundle, writeBundle } from '../../src/learn/bundle.js';
import { countPopularity, repeatShare, sliceHistories } from '../../src/learn/slice.js';
import { moveRows } from '../../src/learn/moved-rows.js';
import { native } from '../../src/native.js';
import { hasOutdatedRanker, type ModelTensors } from '../../src/learn/tensors.js';
import type { TrainReport } from '../../src/learn/types.js';
import { type Event, histories, listed, NONE } from './histories.js';

describe('the validation slice', () => {
  it('holds out the last basket, and what came with it and after', () => {
    const slice = sliceHistories(
      histories([
        [
          [1, 1, 10],
          [2, 1, 20],
          [NONE, 0, 25],
          [3, 1, 30],
          [4, 1, 30],
          [3, 1, 30],
          [9, -1, 30],
          [5, 0, 40],
        ],
        [
          [1, 1, 10],
          [2, 1, 20],
        ],
        [
          [1, 1, 10],
          [2, 0, 10],
          [7, -1, 15],
          [2, 1, 20],
        ],
        [
          [6, 1, 0],
          [7, 1, 0],
          [8, 1, 0],
        ],
      ]),
      100,
      1,
    );
    expect(listed(slice.train)).toEqual([
      [
        [1, 1, 10],
        [2, 1, 20],
        [NONE, 0, 25],
      ],
      [
        [1, 1, 10],
        [2, 1, 20],
      ],
      [
        [1, 1, 10],
        [2, 0, 10],
        [7, -1, 15],
        [2, 1, 20],
      ],
      [
        [6, 1, 0],
        [7, 1, 0],
      ],
    ]);
    expect(slice.validation && listed(slice.validation.histories)).toEqual([
      [
        [1, 1, 10],
        [2, 1, 20],
        [NONE, 0, 25],
      ],
      [
        [6, 1, 0],
        [7, 1, 0],
      ],
    ]);
    expect([...(slice.validation?.targetOffsets ?? [])]).toEqual([0, 2, 3]);
    expect([...(slice.validation?.targets ?? [])]).toEqual([3, 4, 8]);
  });

  it('draws no more shoppers than it may, the same ones for a seed', () => {
    const all = histories(Array.from({ length: 300 }, (_, user) => [0, 1, 2, 3].map((index): Event => [(user + index) % 50, 1, index])));
    const [one, same, other] = [sliceHistories(all, 40, 1), sliceHistories(all, 40, 1), sliceHistories(all, 40, 2)];
    expect(one.validation?.targets).toHaveLength(40);
    expect(one.train.rows).toHaveLength(1200 - 40);
    expect(same).toEqual(one);
    expect(other.validation).not.toEqual(one.validation);
    expect(sliceHistories(all, 0, 1)).toEqual({ train: all, validation: null });
    expect(sliceHistories(histories([]), 10, 1).validation).toBeNull();
  });

  it('never lets a target or anything after it into training', () => {
    const event = fc.tuple(fc.nat(9), fc.constantFrom(-1, 0, 1), fc.nat(5));
    const user = fc.array(event, { maxLength: 8 }).map((events) => events.sort((a, b) => a[2] - b[2]));
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), fc.nat(6), (users, limit) => {
        const { train, validation } = sliceHistories(histories(users), limit, 3);
        const kept = listed(train);
        const cut = users.flatMap((events, index) => ((kept[index]?.length ?? 0) < events.length ? [index] : []));
        expect(cut.length).toBe(validation ? validation.targetOffsets.length - 1 : 0);
        for (const [place, index] of cut.entries()) {
          const events = users[index] ?? [];
          const before = kept[index] ?? [];
          expect(events.slice(0, before.length)).toEqual(before);
          expect(validation && listed(validation.histories)[place]).toEqual(before);
          expect(before.some(([, weight]) => weight > 0)).toBe(true);
          const targets = validation?.targets.slice(validation.targetOffsets[place], validation.targetOffsets[place + 1]);
          expect(targets?.length).toBeGreaterThan(0);
          for (const row of targets ?? []) {
            expect(events.slice(before.length).some((one) => one[0] === row && one[1] > 0)).toBe(true);
          }
        }
      }),
    );
  });

  it('knows how often targets repeat, and what is popular', () => {
    const cases = {
      histories: histories([
        [
          [1, 1, 0],
          [2, -1, 0],
        ],
        [[3, 1, 0]],
      ]),
      targetOffsets: Float64Array.of(0, 2, 4),
      targets: Uint32Array.of(1, 2, 3, 5),
    };
    expect(repeatShare(cases)).toBe(0.5);
    expect([
      ...countPopularity(
        4,
        histories([
          [
            [1, 2, 0],
            [1, 1, 0],
            [2, -1, 0],
            [3, 0, 0],
            [NONE, 1, 0],
          ],
        ]),
      ),
    ]).toEqual([0, 3, 0, 0]);
  });
});

const REPORT = { seed: 1 } as TrainReport;
const MODELS: ModelTensors = {
  keys: Float64Array.of(11, 12, 13),
  popularity: Float32Array.of(1, 2, 3),
  rules: {
    offsets: Float64Array.of(0, 2, 3, 3),
    columns: Uint32Array.of(1, 2, 0),
    values: Float32Array.of(0.5, 0.25, 4),
    decay: 0.8,
    maxEvents: 20,
  },
  factors: {
    dim: 2,
    factors: Float32Array.of(1, 2, 3, 4, 5, 6),
    gram: Float32Array.of(1, 0, 0, 1),
    userGram: Float32Array.of(2, 1, 1, 3),
    users: 7,
    regularisation: 0.01,
    alpha0: 0.1,
    nu: 1,
    decay: 0.9,
    maxEvents: 50,
  },
  sequence: {
    config: { dim: 2, blocks: 1, heads: 1, hidden: 1, window: 3, gaps: 0, cosine: 0, pooled: true, kinds: Uint32Array.of(2, 5) },
    tensors: {
      items: { rows: 3, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      'final.norm.gain': { rows: 1, columns: 2, data: Float32Array.of(1, 1) },
    },
  },
  recent: Float32Array.of(0, 1, 2),
  returns: Float32Array.of(0.5, 0.25, 0.75),
  ranker: {
    inputs: 2,
    hidden: 1,
    narrow: 1,
    mean: Float32Array.of(1, 2),
    scale: Float32Array.of(3, 4),
    weights: Float32Array.of(1, 2, 3, 4, 5, 6),
    trust: 0.5,
    slope: 2,
    offset: -1,
    depth: 100,
  },
  content: {
    dim: 2,
    decay: 0.75,
    maxEvents: 30,
    vectors: Float32Array.of(1, 0, 0, 1, 0, 0),
    behaviour: Float32Array.of(0, 2, 3, 0, 0, 0),
    modalities: [
      {
        name: 'title',
        inputs: 0,
        features: Uint32Array.of(7, 4_000_000_000),
        rarity: Float32Array.of(1.5, 2),
        table: Float32Array.of(1, 2, 3, 4),
        attention: Float32Array.of(0.5, -0.5),
        bias: 0.25,
      },
      {
        name: 'image',
        inputs: 3,
        features: new Uint32Array(),
        rarity: new Float32Array(),
        table: Float32Array.of(1, 2, 3, 4, 5, 6),
        attention: Float32Array.of(0, 0),
        bias: 0,
      },
    ],
  },
  attributes: {
    slots: Uint32Array.of(1, 2),
    numbers: 1,
    labels: Uint32Array.of(5, 8, 9, 0, 8, 0, 4_000_000_000, 0, 0),
    quantiles: Float32Array.of(0.25, -1, 0.75),
    cuts: Float64Array.from({ length: 63 }, (_, cut) => cut),
  },
  sessions: {
    offsets: Float64Array.of(0, 2, 4),
    rows: Uint32Array.of(0, 1, 2, 0),
    decay: 0.5,
    ageing: 1,
    distance: 0.25,
    back: 0.5,
    rarity: 0,
    neighbours: 100,
    maxEvents: 50,
  },
  attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90, returning: 0.5 },
  blend: { weight: [1, 2, 3, 4, 5, 0, 6, 7], missing: [0, 0, 0, 0, 0, 0, 0, 0] },
  excludeSeen: false,
};

describe('bundles', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'kairank-bundle-')), 'models');
    mkdirSync(folder);
  });
  afterEach(() => {
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  it('come back as they went, with and without parts', async () => {
    const next = { sessionGap: 1e6, columns: ['a'], weights: { leave: [0.1, -2.5e-9], buy: [1, 2], cart: [3, 4] } };
    for (const [models, known] of [
      [MODELS, next],
      [
        {
          ...MODELS,
          rules: null,
          factors: null,
          sequence: null,
          sessions: null,
          content: null,
          attributes: null,
          ranker: null,
          recent: null,
          returns: null,
        },
        null,
      ],
    ] as const) {
      const { bundle, checksum } = await writeBundle(folder, models, REPORT, known);
      expect(await readBundle(folder, { bundle, checksum })).toEqual({
        id: bundle,
        trainedAt: expect.any(String) as string,
        report: { ...REPORT, next: null },
        next: known,
        tensors: models,
      });
    }
    expect(readdirSync(folder).every((name) => /^\d{8}T\d{9}-[0-9a-f]{6}$/.test(name))).toBe(true);
  });

  it('of another version are refused as such', async () => {
    const { bundle } = await writeBundle(folder, MODELS, REPORT);
    const path = join(folder, bundle, 'manifest.json');
    const later = readFileSync(path, 'utf8').replace(/"version": \d+/, '"version": 99');
    writeFileSync(path, later);
    const checksum = createHash('sha256').update(later).digest('hex');
    await expect(readBundle(folder, { bundle, checksum })).rejects.toMatchObject({ code: 'KAIRANK_UNSUPPORTED_FORMAT', field: path });
  });

  it('find their items again where rows are others', () => {
    // Row 0 is new, the item of row 1 is gone, the other two have changed places.
    const moved = moveRows(MODELS, Float64Array.of(99, 13, 11));
    expect(moved.sequence?.tensors.items).toEqual({ rows: 3, columns: 2, data: Float32Array.of(0, 0, 5, 6, 1, 2) });
    expect(moved.sequence?.tensors['final.norm.gain']).toEqual(MODELS.sequence?.tensors['final.norm.gain']);
    expect(moved.returns).toEqual(Float32Array.of(1, 0.75, 0.5));
    expect(moved.sessions).toMatchObject({ offsets: Float64Array.of(0, 1, 3), rows: Uint32Array.of(2, 1, 2) });
    expect(moved.content).toEqual({
      ...MODELS.content,
      vectors: Float32Array.of(0, 0, 0, 0, 1, 0),
      behaviour: Float32Array.of(0, 0, 0, 0, 0, 2),
    });
    expect(moved.attributes).toEqual({
      ...MODELS.attributes,
      labels: Uint32Array.of(0, 0, 0, 4_000_000_000, 0, 0, 5, 8, 9),
      quantiles: Float32Array.of(-1, 0.75, 0.25),
    });
  });

  it('of a version before attributes have none, and a ranker that was told other things is known', async () => {
    const { bundle } = await writeBundle(folder, { ...MODELS, attributes: null }, REPORT);
    const path = join(folder, bundle, 'manifest.json');
    const earlier = readFileSync(path, 'utf8').replace(/"attributes": null,?/, '');
    writeFileSync(path, earlier);
    const checksum = createHash('sha256').update(earlier).digest('hex');
    const { tensors } = await readBundle(folder, { bundle, checksum });
    expect(tensors.attributes).toBeNull();
    expect(hasOutdatedRanker(tensors)).toBe(true);
    expect(hasOutdatedRanker({ ...tensors, ranker: null })).toBe(false);
    const inputs = native().learning.rankerGroups().length;
    expect(hasOutdatedRanker({ ...tensors, ranker: MODELS.ranker && { ...MODELS.ranker, inputs } })).toBe(false);
  });

  it('are refused by name when cut off, altered, or not the ones that were written', async () => {
    const reference = await writeBundle(folder, MODELS, REPORT);
    const other = await writeBundle(folder, { ...MODELS, excludeSeen: true }, REPORT);
    await expect(readBundle(folder, { ...reference, checksum: other.checksum })).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
    for (const name of ['weights.safetensors', 'manifest.json']) {
      const path = join(folder, reference.bundle, name);
      const bytes = readFileSync(path);
      for (const at of [0, 8, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] ?? 0) ^ 1;
        writeFileSync(path, broken);
        await expect(readBundle(folder, reference)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
        writeFileSync(path, bytes);
        truncateSync(path, at);
        await expect(readBundle(folder, reference)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
        writeFileSync(path, bytes);
      }
      rmSync(path);
      await expect(readBundle(folder, reference)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE', field: path });
      writeFileSync(path, bytes);
    }
  });

  it('are checked inside too: an array that points outside is refused even where checksums hold', async () => {
    const rules = MODELS.rules ?? expect.fail();
    const factors = MODELS.factors ?? expect.fail();
    const content = MODELS.content ?? expect.fail();
    const attributes = MODELS.attributes ?? expect.fail();
    const [title = expect.fail(), image = expect.fail()] = content.modalities;
    const told = (change: Partial<typeof title>): Partial<ModelTensors> => ({
      content: { ...content, modalities: [{ ...title, ...change }, image] },
    });
    const wrong: Partial<ModelTensors>[] = [
      { rules: { ...rules, columns: Uint32Array.of(1, 3, 0) } },
      { rules: { ...rules, offsets: Float64Array.of(0, 3, 2, 3) } },
      { rules: { ...rules, offsets: Float64Array.of(0, 1, 2, 2) } },
      { rules: { ...rules, values: Float32Array.of(1, Number.NaN, 1) } },
      { factors: { ...factors, factors: Float32Array.of(1, 2, 3, 4, 5, Number.POSITIVE_INFINITY) } },
      { attributes: { ...attributes, slots: Uint32Array.of(1, 1) } },
      { attributes: { ...attributes, quantiles: Float32Array.of(0, Number.NaN, 0) } },
      { attributes: { ...attributes, labels: Uint32Array.of(1, 2) } },
      { keys: Float64Array.of(11, 11, 13) },
      { keys: Float64Array.of(11, 0, 13) },
      { popularity: Float32Array.of(1, 2) },
      { content: { ...content, vectors: Float32Array.of(1, 0, 0, Number.NaN, 0, 0) } },
      { content: { ...content, behaviour: Float32Array.of(1, 0, 0, 0, 0, Number.POSITIVE_INFINITY) } },
      { content: { ...content, modalities: [title, { ...image, inputs: 2 }] } },
      told({ features: Uint32Array.of(7) }),
      told({ features: Uint32Array.of(8, 7) }),
      told({ features: Uint32Array.of(7, 7) }),
      told({ rarity: Float32Array.of(1) }),
      told({ rarity: Float32Array.of(1, Number.NaN) }),
      told({ table: Float32Array.of(1, 2, 3, Number.NaN) }),
      told({ table: Float32Array.of(1, 2) }),
      told({ attention: Float32Array.of(1, Number.NaN) }),
      told({ attention: Float32Array.of(1, 2, 3) }),
    ];
    for (const change of wrong) {
      const reference = await writeBundle(folder, { ...MODELS, ...change }, REPORT);
      await expect(readBundle(folder, reference)).rejects.toMatchObject({ code: 'KAIRANK_CORRUPT_FILE' });
    }
  });

  it('go when they are no longer kept, drafts too', async () => {
    const written = [];
    for (let round = 0; round < 3; round++) written.push((await writeBundle(folder, MODELS, REPORT)).bundle);
    mkdirSync(join(folder, '.draft-x'));
    await pruneBundles(folder, written.slice(1));
    expect(readdirSync(folder).sort()).toEqual(written.slice(1).sort());
  });
});

describe('moving models to the rows of another process', () => {
  it('changes nothing where the rows are the same', () => {
    expect(moveRows(MODELS, Float64Array.of(11, 12, 13, 14))).toBe(MODELS);
  });

  it('keeps what each item has, by its key', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 11, max: 18 }), { maxLength: 8 }).map((list) => Float64Array.from([0, ...list]));
    fc.assert(
      fc.property(keys, (rows) => {
        const moved = moveRows(MODELS, rows);
        const row = (key: number): number => rows.indexOf(key);
        const { rules, factors } = moved;
        const original = MODELS.keys;
        expect(moved.popularity).toHaveLength(moved.keys.length);
        for (const [from, key] of original.entries()) {
          const to = row(key);
          if (to < 0) continue;
          expect(moved.popularity[to]).toBe(MODELS.popularity[from]);
          expect(factors?.factors.subarray(to * 2, to * 2 + 2)).toEqual(MODELS.factors?.factors.subarray(from * 2, from * 2 + 2));
          const list = (models: ModelTensors, at: number): [number, number][] => {
            const { offsets, columns, values } = models.rules ?? expect.fail();
            return Array.from({ length: (offsets[at + 1] ?? 0) - (offsets[at] ?? 0) }, (_, index) => {
              const place = (offsets[at] ?? 0) + index;
              return [models.keys[columns[place] ?? 0] ?? 0, values[place] ?? 0];
            });
          };
          expect(list(moved, to)).toEqual(list(MODELS, from).filter(([column]) => row(column) >= 0));
        }
        expect(rules?.offsets.at(-1)).toBe(rules?.columns.length);
      }),
    );
  });
});
