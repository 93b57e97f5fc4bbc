import { describe, expect, it } from 'vitest';
import { type Cuts, cutsOf, modalitiesOf } from '../../src/catalog/content.js';
import { hashOf } from '../../src/catalog/words.js';
import { type NativeHistories, type NativeModality, native } from '../../src/native.js';

/** The features of every item by hash, with their weights. */
function itemsOf(modality: NativeModality | undefined): Map<number, number>[] {
  if (!modality || modality.inputs > 0 || !('offsets' in modality)) return expect.fail('not a modality of features');
  const { offsets, features, weights } = modality;
  expect(features).toHaveLength(weights.length);
  expect(offsets[0]).toBe(0);
  expect(offsets.at(-1)).toBe(features.length);
  return Array.from({ length: offsets.length - 1 }, (_, item) => {
    const own = new Map<number, number>();
    for (let at = offsets[item] ?? 0; at < (offsets[item + 1] ?? 0); at++) {
      expect(own.has(features[at] ?? 0)).toBe(false);
      own.set(features[at] ?? 0, weights[at] ?? 0);
    }
    return own;
  });
}

const counted = (counts: Record<string, number>): Map<number, number> =>
  new Map(Object.entries(counts).map(([word, count]) => [hashOf(word), count]));

describe('what a catalogue says of its items', () => {
  it('is words, beginnings and pieces of a text', () => {
    const [words, start, grams, ...rest] = modalitiesOf([
      { name: 'title', kind: 'text', values: ['Red red shoes', null, 'Ox', '', '🎉 !'] },
    ]);
    expect(rest).toEqual([]);
    expect([words, start, grams].map((modality) => modality?.name)).toEqual(['title', 'title.start', 'title.grams']);
    expect(itemsOf(words)).toEqual([counted({ red: 2, shoes: 1 }), new Map(), counted({ ox: 1 }), new Map(), new Map()]);
    const [first, ...others] = itemsOf(start);
    expect(first).toEqual(counted({ red: 1, 'red red': 1 }));
    expect(others.map((own) => [...own.keys()])).toEqual([[], [hashOf('ox')], [], []]);
    const shoes = ['<sh', 'sho', 'hoe', 'oes', 'es>', '<sho', 'shoe', 'hoes', 'oes>', '<shoe', 'shoes', 'hoes>'];
    const pieces = ['<re', 'red', 'ed>', '<red', 'red>', '<red>', ...shoes];
    expect(itemsOf(grams)).toEqual([
      counted(Object.fromEntries(pieces.map((piece) => [piece, 1]))),
      new Map(),
      counted({ '<ox': 1, 'ox>': 1, '<ox>': 1 }),
      new Map(),
      new Map(),
    ]);
  });

  it('leaves out what comes after many words', () => {
    const long = Array.from({ length: 600 }, (_, index) => `w${index}`).join(' ');
    const [words] = modalitiesOf([{ name: 'text', kind: 'text', values: [long] }]);
    const own = itemsOf(words)[0] ?? expect.fail();
    expect(own.size).toBe(512);
    expect(own.has(hashOf('w511')) && !own.has(hashOf('w512'))).toBe(true);
  });

  it('is labels as they are written, however often', () => {
    const [labels, ...rest] = modalitiesOf([
      { name: 'tags', kind: 'labels', values: [['Red', 'red', 'Red'], null, [], ['__proto__', 'constructor']] },
    ]);
    expect(rest).toEqual([]);
    expect(labels?.name).toBe('tags');
    const proto = new Map([
      [hashOf('__proto__'), 1],
      [hashOf('constructor'), 1],
    ]);
    expect(itemsOf(labels)).toEqual([counted({ Red: 2, red: 1 }), new Map(), new Map(), proto]);
  });

  it('is vectors in rows, zeros where there is none', () => {
    const [image] = modalitiesOf([
      { name: 'image', kind: 'vector', dim: 2, values: [Float32Array.of(1, 2), null, Float32Array.of(-3, 4)] },
    ]);
    expect(image).toEqual({ name: 'image', prior: 1, inputs: 2, vectors: Float32Array.of(1, 2, 0, 0, -3, 4) });
  });

  it('keeps fields in their order, and none is no modality', () => {
    expect(modalitiesOf([])).toEqual([]);
    const names = modalitiesOf([
      { name: 'price', kind: 'number', values: [1] },
      { name: 'title', kind: 'text', values: ['a'] },
      { name: 'brand', kind: 'labels', values: [['a']] },
    ]).map(({ name }) => name);
    expect(names).toEqual(['price', 'title', 'title.start', 'title.grams', 'brand']);
  });
});

describe('numbers', () => {
  /** The fine and the coarse bin of every item; null where it has none. */
  function binsOf(values: readonly (number | null)[], cuts?: Map<string, Cuts>): ([number, number] | null)[] {
    const [price] = modalitiesOf([{ name: 'price', kind: 'number', values }], cuts);
    const fine = new Map(Array.from({ length: 16 }, (_, bin) => [hashOf(`fine ${bin}`), bin]));
    const coarse = new Map(Array.from({ length: 4 }, (_, bin) => [hashOf(`coarse ${bin}`), bin]));
    return itemsOf(price).map((own) => {
      if (own.size === 0) return null;
      expect([...own.values()]).toEqual([1, 1]);
      const [first = 0, second = 0] = own.keys();
      return [fine.get(first) ?? expect.fail(), coarse.get(second) ?? expect.fail()];
    });
  }

  it('are told apart by where they stand among all, in bins of as many items each', () => {
    // Skewed, and in no order.
    const values = Array.from({ length: 160 }, (_, index) => ((index * 77) % 160) ** 3);
    const sorted = [...values].sort((a, b) => a - b);
    const bins = binsOf(values);
    for (const [item, value] of values.entries()) {
      const place = sorted.indexOf(value);
      expect(bins[item]).toEqual([Math.floor(place / 10), Math.floor(place / 40)]);
    }
  });

  it('that are missing are in no bin, and do not move the others', () => {
    const values = Array.from({ length: 32 }, (_, index) => index);
    const holes = values.flatMap((value) => [value, null]);
    const bins = binsOf(holes);
    expect(bins.filter((_, index) => index % 2 === 1)).toEqual(values.map(() => null));
    expect(bins.filter((_, index) => index % 2 === 0)).toEqual(binsOf(values));
    expect(binsOf([null, null])).toEqual([null, null]);
  });

  it('of few distinct values have a bin each, in their order', () => {
    const values = Array.from({ length: 90 }, (_, index) => [5, -2, 700][index % 3] ?? 0);
    const bins = binsOf(values);
    const [five, two, many] = bins;
    expect(new Set(bins.map((bin) => bin?.[0])).size).toBe(3);
    expect(two?.[0] ?? 0).toBeLessThan(five?.[0] ?? 0);
    expect(five?.[0] ?? 0).toBeLessThan(many?.[0] ?? 0);
    for (const [item, bin] of bins.entries()) expect(bin).toEqual(bins[item % 3]);
    expect(new Set(binsOf([3, 3, 3, 3]).map(String)).size).toBe(1);
    expect(binsOf([3])).toHaveLength(1);
  });

  it('that come later fall into the bins that were cut before', () => {
    const cuts = new Map<string, Cuts>();
    const values = Array.from({ length: 160 }, (_, index) => index);
    const before = binsOf(values, cuts);
    expect(cuts.get('price')).toEqual(cutsOf(values));
    expect(cuts.get('price')).toEqual(Array.from({ length: 15 }, (_, bin) => (bin + 1) * 10));
    expect(binsOf([0, 25, 159, -1e9, 1e9, 9.5, 10], cuts)).toEqual([before[0], before[25], before[159], [0, 0], [15, 3], [0, 0], [1, 0]]);
  });
});

const FEATURES = {
  name: 'title',
  prior: 1,
  inputs: 0 as const,
  offsets: Float64Array.of(0, 2, 2, 3),
  features: Uint32Array.of(9, 4_000_000_000, 9),
  weights: Float32Array.of(1, 2, 1),
};
const VECTORS = { name: 'image', prior: 1, inputs: 2, vectors: Float32Array.of(1, 2, 0, 0, -3, 4) };
const TENSORS = {
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
};
const refused = (words: string | RegExp): unknown =>
  expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT', message: expect.stringMatching(words) as string });

describe('content in native memory', () => {
  it('is refused by name where it is wrong', () => {
    const { learning } = native();
    expect(() => learning.createContent(3, [FEATURES, VECTORS])).not.toThrow();
    expect(() => learning.createContent(0, [])).not.toThrow();
    const wrong: [RegExp, unknown][] = [
      [/title: offsets/, { ...FEATURES, offsets: Float64Array.of(0, 2, 3) }],
      [/title: offsets/, { ...FEATURES, offsets: Float64Array.of(0, 3, 2, 3) }],
      [/title: offsets/, { ...FEATURES, offsets: Float64Array.of(0, 2, 2, 4) }],
      [/title: offsets/, { ...FEATURES, offsets: Float64Array.of(1, 2, 2, 3) }],
      [/title: offsets/, { ...FEATURES, offsets: new Float64Array() }],
      [/modalities\[0\]\.offsets\[1\]/, { ...FEATURES, offsets: Float64Array.of(0, Number.NaN, 2, 3) }],
      [/modalities\[0\]\.offsets\[1\]/, { ...FEATURES, offsets: Float64Array.of(0, 0.5, 2, 3) }],
      [/modalities\[0\]\.offsets\[0\]/, { ...FEATURES, offsets: Float64Array.of(-1, 2, 2, 3) }],
      [/modalities\[0\]\.offsets/, { ...FEATURES, offsets: [0, 2, 2, 3] }],
      [/modalities\[0\]\.features/, { ...FEATURES, features: Float32Array.of(1, 2, 3) }],
      [/title: expected one weight/, { ...FEATURES, weights: Float32Array.of(1, 1) }],
      [/title: every weight/, { ...FEATURES, weights: Float32Array.of(1, Number.NaN, 1) }],
      [/title: every weight/, { ...FEATURES, weights: Float32Array.of(1, 0, 1) }],
      [/title: every weight/, { ...FEATURES, weights: Float32Array.of(1, -1, 1) }],
      [/title: the prior/, { ...FEATURES, prior: 0 }],
      [/modalities\[0\]\.prior/, { ...FEATURES, prior: Number.NaN }],
      [/modalities\[0\]\.prior/, { ...FEATURES, prior: -1 }],
      [/modalities\[0\]\.name/, { ...FEATURES, name: '' }],
      [/modalities\[0\]\.name/, { ...FEATURES, name: 7 }],
      [/modalities\[0\]\.inputs/, { ...VECTORS, inputs: 4097 }],
      [/modalities\[0\]\.inputs/, { ...VECTORS, inputs: 1.5 }],
      [/modalities\[0\]\.inputs/, { ...VECTORS, inputs: -1 }],
      [/image: expected items x inputs/, { ...VECTORS, vectors: new Float32Array(5) }],
      [/image: every number/, { ...VECTORS, vectors: Float32Array.of(1, 2, 0, 0, Number.POSITIVE_INFINITY, 4) }],
      [/modalities\[0\]\.vectors/, { ...VECTORS, vectors: new Float64Array(6) }],
      [/modalities\[0\]/, null],
    ];
    for (const [words, modality] of wrong) {
      expect(() => learning.createContent(3, [modality as NativeModality])).toThrow(refused(words));
    }
    expect(() => learning.createContent(3, {} as never)).toThrow(refused(/modalities/));
    expect(() => learning.createContent(-1, [])).toThrow(refused(/items/));
    expect(() =>
      learning.createContent(
        3,
        Array.from({ length: 257 }, () => FEATURES),
      ),
    ).toThrow(refused(/too many modalities/));
  });

  it('comes back from tensors as it went', () => {
    const { learning } = native();
    const content = learning.contentFromTensors(3, TENSORS);
    expect(content.tensors()).toEqual(TENSORS);
    // The arrays were copied, both ways.
    content.tensors().vectors.fill(9);
    expect(content.tensors()).toEqual(TENSORS);
  });

  it('is refused by name where its tensors are wrong', () => {
    const { learning } = native();
    const [title, image] = TENSORS.modalities;
    if (!title || !image) return expect.fail();
    const infinite = Float32Array.of(1, 0, 0, Number.POSITIVE_INFINITY, 0, 0);
    const wrong: [RegExp, unknown][] = [
      [/tensors\.dim/, { ...TENSORS, dim: 0 }],
      [/tensors\.dim/, { ...TENSORS, dim: 4097 }],
      [/items x dim/, { ...TENSORS, dim: 3 }],
      [/items x dim/, { ...TENSORS, vectors: new Float32Array(5) }],
      [/items x dim/, { ...TENSORS, behaviour: new Float32Array(7) }],
      [/every number/, { ...TENSORS, vectors: infinite }],
      [/every number/, { ...TENSORS, behaviour: infinite }],
      [/tensors\.vectors/, { ...TENSORS, vectors: new Float64Array(6) }],
      [/decay/, { ...TENSORS, decay: 0 }],
      [/tensors\.decay/, { ...TENSORS, decay: 1.5 }],
      [/tensors\.decay/, { ...TENSORS, decay: Number.NaN }],
      [/tensors\.maxEvents/, { ...TENSORS, maxEvents: 0 }],
      [/tensors\.modalities/, { ...TENSORS, modalities: null }],
      [/tensors\.modalities\[1\]/, { ...TENSORS, modalities: [title, 3] }],
      [/title: features must rise/, { ...TENSORS, modalities: [{ ...title, features: Uint32Array.of(9, 7) }] }],
      [/title: features must rise/, { ...TENSORS, modalities: [{ ...title, features: Uint32Array.of(7, 7) }] }],
      [/title: expected one rarity/, { ...TENSORS, modalities: [{ ...title, rarity: Float32Array.of(1) }] }],
      [/title: every number/, { ...TENSORS, modalities: [{ ...title, rarity: Float32Array.of(1, Number.NaN) }] }],
      [/title: the table/, { ...TENSORS, modalities: [{ ...title, table: new Float32Array(6) }] }],
      [/title: attention/, { ...TENSORS, modalities: [{ ...title, attention: new Float32Array(3) }] }],
      [/title: every number/, { ...TENSORS, modalities: [{ ...title, attention: Float32Array.of(Number.NaN, 0) }] }],
      [/tensors\.modalities\[0\]\.bias/, { ...TENSORS, modalities: [{ ...title, bias: Number.NaN }] }],
      [/tensors\.modalities\[0\]\.name/, { ...TENSORS, modalities: [{ ...title, name: null }] }],
      [/image: vectors have no features/, { ...TENSORS, modalities: [{ ...image, features: Uint32Array.of(1) }] }],
      [/image: the table/, { ...TENSORS, modalities: [{ ...image, inputs: 2 }] }],
      [/tensors\.modalities\[0\]\.inputs/, { ...TENSORS, modalities: [{ ...image, inputs: 4097 }] }],
    ];
    for (const [words, tensors] of wrong) {
      expect(() => learning.contentFromTensors(3, tensors as typeof TENSORS)).toThrow(refused(words));
    }
    expect(() => learning.contentFromTensors(2, TENSORS)).toThrow(refused(/items x dim/));
  });
});

const COLOURS = ['red', 'green', 'blue', 'white'];
const ITEMS = 80;
const FIRST_NEW = 60;

/** Shoppers who keep to a colour; items from FIRST_NEW on are new, and asked for in validation. */
function colourShop() {
  let state = 5;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const words = ['soft', 'light', 'long', 'large', 'warm', 'plain', 'fine', 'new'];
  const titles = Array.from({ length: ITEMS }, (_, row) => {
    const [a, b, c] = [words[below(8)], words[below(8)], words[below(8)]];
    return `${COLOURS[row % 4]} ${a} ${a} ${b} ${b} ${c} ${c}`;
  });
  const walks = Array.from({ length: 400 }, (_, user) => Array.from({ length: 6 }, () => below(FIRST_NEW / 4) * 4 + (user % 4)));
  const wanted = walks.map((_, user) => FIRST_NEW + below((ITEMS - FIRST_NEW) / 4) * 4 + (user % 4));
  const rows = walks.flat();
  const train: NativeHistories = {
    offsets: Float64Array.from({ length: walks.length + 1 }, (_, user) => user * 6),
    rows: Uint32Array.from(rows),
    types: new Uint16Array(rows.length),
    weights: new Float32Array(rows.length).fill(1),
    times: Float64Array.from(rows, (_, index) => index),
  };
  const validation = {
    histories: train,
    targetOffsets: Float64Array.from({ length: walks.length + 1 }, (_, user) => user),
    targets: Uint32Array.from(wanted),
  };
  const modalities = modalitiesOf([{ name: 'title', kind: 'text', values: titles }]);
  const newRows = Uint32Array.from({ length: ITEMS - FIRST_NEW }, (_, index) => FIRST_NEW + index);
  return { train, validation, modalities, newRows };
}

describe('learning from content', () => {
  const OPTIONS = { seed: 1, threads: 1 };

  it('ranks new items by what shoppers go on with', async () => {
    const { learning } = native();
    const { train, validation, modalities, newRows } = colourShop();
    const data = learning.createDataset(ITEMS, train, validation);
    const content = learning.createContent(ITEMS, modalities);
    const learned = (await learning.learnContent(data, content, { ...OPTIONS, newRows }).promise) ?? expect.fail();
    expect(learned.trials).toHaveLength(Math.min(4, (learned.settings.epochs ?? 0) + 1));
    const best = learned.trials.reduce((most, { ndcg }) => Math.max(most, ndcg), 0);
    expect(learned.trials[(learned.settings.epochs ?? 0) - 1]?.ndcg).toBe(best);
    const tensors = learned.content.tensors();
    expect(tensors.modalities.map(({ name }) => name)).toEqual(['title', 'title.start', 'title.grams']);
    // Each word of a title has a row, whichever item it is of, unless new ones alone have it.
    expect([...(tensors.modalities[0]?.features ?? [])]).toEqual(expect.arrayContaining(COLOURS.map((colour) => hashOf(colour))));

    const models = learning.createModels({
      items: ITEMS,
      rules: null,
      factors: null,
      sequence: null,
      sessions: null,
      ranker: null,
      recent: null,
      returns: null,
      content: learning.contentFromTensors(ITEMS, tensors),
      popularity: new Float32Array(ITEMS),
      attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
      blend: { weight: [0, 0, 0, 0, 0, 0, 1, 0], missing: [0, 0, 0, 0, 0, 0, 0, 0] },
      excludeSeen: true,
    });
    expect(models.parts().content?.tensors()).toEqual(tensors);
    for (const model of ['content', 'engine'] as const) {
      const asked = { model, excludeSeen: true, candidates: 20, k: 5, threads: 1, within: newRows };
      const ranked = await learning.rankCases(models, validation, asked).promise;
      expect(new Set(ranked.eligible)).toEqual(new Set([20]));
      const right = [...ranked.top].filter((row, at) => row >= FIRST_NEW && row % 4 === Math.floor(at / 5) % 4);
      // One in four by chance.
      expect(right.length / ranked.top.length).toBeGreaterThan(0.6);
    }
  });

  it('fits with given settings, the same at any number of threads', async () => {
    const { learning } = native();
    const { train, modalities } = colourShop();
    const data = learning.createDataset(ITEMS, train, null);
    const content = learning.createContent(ITEMS, modalities);
    const settings = {
      dim: 5,
      epochs: 1,
      dropout: 0.1,
      decay: 0.5,
      rate: 0.01,
      behaviourRate: 0,
      attentionRate: 0,
      batch: 64,
      samples: 10,
    };
    const fitted = async (threads: number) =>
      (await learning.fitContent(data, content, settings, { seed: 3, threads, excludeSeen: true }).promise).content?.tensors();
    const one = (await fitted(1)) ?? expect.fail();
    expect(await fitted(3)).toEqual(one);
    expect(one.dim).toBe(5);
    expect(one.decay).toBe(0.5);
    // Rates of zero leave things as they were.
    expect(new Set(one.behaviour)).toEqual(new Set([0]));
    expect(one.modalities.map(({ bias }) => Math.exp(bias))).toEqual([1, 1, 0.25].map((prior) => expect.closeTo(prior, 5) as number));
  });

  it('is null where nothing follows anything, or nothing is known', async () => {
    const { learning } = native();
    const { train, modalities } = colourShop();
    const lonely = {
      offsets: Float64Array.of(0, 1, 2),
      rows: Uint32Array.of(0, 1),
      types: new Uint16Array(2),
      weights: Float32Array.of(1, 1),
      times: Float64Array.of(0, 0),
    };
    for (const [histories, known] of [
      [lonely, modalities],
      [train, []],
      [train, modalitiesOf([{ name: 'title', kind: 'text', values: new Array<null>(ITEMS).fill(null) }])],
    ] as const) {
      const data = learning.createDataset(ITEMS, histories, null);
      const content = learning.createContent(ITEMS, known);
      expect(await learning.learnContent(data, content, { ...OPTIONS, newRows: null }).promise).toBeNull();
      expect(await learning.fitContent(data, content, {}, { ...OPTIONS, excludeSeen: true }).promise).toEqual({ content: null });
    }
  });

  it('stops when cancelled', async () => {
    const { learning } = native();
    const { train, modalities } = colourShop();
    const data = learning.createDataset(ITEMS, train, null);
    const content = learning.createContent(ITEMS, modalities);
    const job = learning.fitContent(data, content, { epochs: 1000 }, { ...OPTIONS, excludeSeen: true });
    job.cancel();
    await expect(job.promise).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
  });

  it('refuses what does not fit, by name', async () => {
    const { learning } = native();
    const { train, validation, modalities } = colourShop();
    const data = learning.createDataset(ITEMS, train, validation);
    const content = learning.createContent(ITEMS, modalities);
    const learn = (newRows: unknown) => learning.learnContent(data, content, { ...OPTIONS, newRows: newRows as Uint32Array });
    for (const rows of [[80], [3, 80], [5, 4], [5, 5], [4_294_967_295]]) {
      expect(() => learn(Uint32Array.from(rows))).toThrow(refused(/options\.newRows/));
    }
    expect(() => learn([1, 2])).toThrow(refused(/options\.newRows/));
    expect(() => learning.learnContent(data, {}, { ...OPTIONS, newRows: null })).toThrow(refused(/content/));
    expect(() => learning.learnContent(content as never, content, { ...OPTIONS, newRows: null })).toThrow(refused('.'));
    expect(() => learning.learnContent(data, content, { seed: 1, threads: 0, newRows: null })).toThrow(refused(/threads/));
    const others = learning.createContent(3, [FEATURES]);
    const fitting = { ...OPTIONS, excludeSeen: true };
    await expect(learning.learnContent(data, others, { ...OPTIONS, newRows: null }).promise).rejects.toMatchObject({
      code: 'KAIRANK_INVALID_ARGUMENT',
    });
    await expect(learning.fitContent(data, others, {}, fitting).promise).rejects.toMatchObject({ code: 'KAIRANK_INVALID_ARGUMENT' });
    for (const settings of [
      { dims: 4 },
      { dim: 0 },
      { dim: 4097 },
      { dim: 2.5 },
      { epochs: 0 },
      { dropout: 1 },
      { decay: 0 },
      { rate: Number.NaN },
      { batch: 0 },
      { samples: 65_537 },
    ]) {
      expect(() => learning.fitContent(data, content, settings as Record<string, number>, fitting)).toThrow(refused('.'));
    }
    const wrong = {
      items: 4,
      rules: null,
      factors: null,
      sequence: null,
      sessions: null,
      ranker: null,
      recent: null,
      returns: null,
      excludeSeen: true,
    };
    expect(() =>
      learning.createModels({
        ...wrong,
        content: learning.contentFromTensors(3, TENSORS),
        popularity: new Float32Array(4),
        attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
        blend: { weight: [0, 0, 0, 0, 0, 0, 1, 0], missing: [0, 0, 0, 0, 0, 0, 0, 0] },
      }),
    ).toThrow(refused(/content: the number of items/));
  });
});
