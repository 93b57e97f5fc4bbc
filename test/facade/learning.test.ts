import { describe, expect, it } from 'vitest';
import { type NativeCases, type NativeHistories, type NativeProgress, native } from '../../src/native.js';

const NONE = 0xffffffff;

/** A seeded stream of numbers within [0, 1). */
function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function histories(users: readonly (readonly number[])[]): NativeHistories {
  const rows = users.flat();
  const offsets = [0];
  for (const user of users) offsets.push((offsets.at(-1) ?? 0) + user.length);
  return {
    offsets: Float64Array.from(offsets),
    rows: Uint32Array.from(rows),
    types: new Uint16Array(rows.length),
    weights: new Float32Array(rows.length).fill(1),
    times: Float64Array.from(rows, (_, i) => i * 1000),
  };
}

function cases(users: readonly (readonly number[])[], targets: readonly (readonly number[])[]): NativeCases {
  const offsets = [0];
  for (const list of targets) offsets.push((offsets.at(-1) ?? 0) + list.length);
  return { histories: histories(users), targetOffsets: Float64Array.from(offsets), targets: Uint32Array.from(targets.flat()) };
}

const ITEMS = 60;

/** Shoppers who walk round one of three rings of items, with a stray step now and then. */
function shop(seed: number, users: number) {
  const next = stream(seed);
  const all: number[][] = [];
  for (let u = 0; u < users; u += 1) {
    const ring = u % 3;
    let place = Math.floor(next() * 20);
    const walk: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      walk.push(next() < 0.1 ? Math.floor(next() * ITEMS) : ring * 20 + place);
      place = (place + 1) % 20;
    }
    all.push(walk);
  }
  return {
    train: histories(all.map((walk) => walk.slice(0, -2))),
    validation: cases(
      all.map((walk) => walk.slice(0, -2)),
      all.map((walk) => walk.slice(-2, -1)),
    ),
    test: cases(
      all.map((walk) => walk.slice(0, -1)),
      all.map((walk) => walk.slice(-1)),
    ),
  };
}

const OPTIONS = { seed: 7, threads: 2, excludeSeen: true, sequential: true, maxDim: 128, budget: 0 };

async function learnAll(seed: number, threads: number) {
  const { learning } = native();
  const { train, validation } = shop(seed, 150);
  const data = learning.createDataset(ITEMS, train, validation);
  const options = { ...OPTIONS, threads };
  const rules = await learning.learnRules(data, options).promise;
  const factors = await learning.learnFactors(data, options).promise;
  const popularity = new Float32Array(ITEMS);
  for (const row of train.rows) popularity[row] = (popularity[row] ?? 0) + 1;
  const parts = {
    rules: rules.rules,
    factors: factors.factors,
    sequence: null,
    sessions: null,
    content: null,
    popularity,
    recent: null,
    returns: null,
  };
  const blend = await learning.learnBlend(data, parts, { ...options, excludeSeen: null, candidates: 50 }).promise;
  return { data, rules, factors, blend, popularity };
}

describe('learning', () => {
  it('counts rules as the worked example says', async () => {
    const { learning } = native();
    // One user, a b a: forward pairs (a,b) 1, (a,a) 1/2, (b,a) 1; back pairs half of each.
    const data = learning.createDataset(3, histories([[0, 1, 0]]), null);
    const settings = { window: 2, power: 1, back: 0.5, alpha: 0, beta: 0, decay: 0.5 };
    const { rules } = await learning.fitRules(data, settings, OPTIONS).promise;
    const tensors = rules.tensors();
    expect([...tensors.offsets]).toEqual([0, 2, 3, 3]);
    expect([...tensors.columns]).toEqual([1, 0, 0]);
    expect([...tensors.values]).toEqual([1.5, 0.75, 1.5]);
    expect(tensors.decay).toBe(0.5);
  });

  it('learns the walk round the rings, better than popularity, and names what it tried', async () => {
    const { learning } = native();
    const { rules, factors, blend } = await learnAll(3, 2);
    const { test } = shop(3, 150);
    const hits = async (model: 'engine' | 'rules' | 'factors' | 'popularity') => {
      const options = { model, excludeSeen: true, candidates: 50, k: 5, threads: 2 };
      const ranked = await learning.rankCases(blend.models, test, options).promise;
      let count = 0;
      ranked.above.forEach((above, i) => {
        if (ranked.recalled[i] === 1 && above < 5) count += 1;
      });
      return count / ranked.above.length;
    };
    const engine = await hits('engine');
    expect(engine).toBeGreaterThan(0.7);
    expect(engine).toBeGreaterThan((await hits('popularity')) + 0.4);
    expect(await hits('rules')).toBeGreaterThan(0.7);
    expect(await hits('factors')).toBeGreaterThan(await hits('popularity'));
    for (const learned of [rules, factors]) {
      const best = Math.max(...learned.trials.map((trial) => trial.ndcg));
      const chosen = learned.trials.find((trial) => JSON.stringify(trial.settings) === JSON.stringify(learned.settings));
      expect(chosen?.ndcg).toBe(best);
    }
    expect(blend.trials.length).toBeGreaterThan(3);
  });

  it('gives the same models for the same seed at any number of threads', async () => {
    const [one, three] = [await learnAll(5, 1), await learnAll(5, 3)];
    expect(three.rules.rules.tensors()).toEqual(one.rules.rules.tensors());
    expect(three.factors.factors.tensors()).toEqual(one.factors.factors.tensors());
    const [a, b] = [one.blend.models.parts(), three.blend.models.parts()];
    expect(b.blend).toEqual(a.blend);
    expect(b.attention).toEqual(a.attention);
    expect(three.blend.trials).toEqual(one.blend.trials);
  });

  it('makes the same models again from their tensors', async () => {
    const { learning } = native();
    const { blend } = await learnAll(11, 2);
    const { test } = shop(11, 150);
    const parts = blend.models.parts();
    const again = learning.createModels({
      ...parts,
      rules: parts.rules && learning.rulesFromTensors(ITEMS, parts.rules.tensors()),
      factors: parts.factors && learning.factorsFromTensors(ITEMS, parts.factors.tensors()),
    });
    const options = { model: 'engine', excludeSeen: true, candidates: 50, k: 10, threads: 1 } as const;
    const before = await learning.rankCases(blend.models, test, options).promise;
    const after = await learning.rankCases(again, test, options).promise;
    expect(after).toEqual(before);
    expect(again.items).toBe(ITEMS);
  });

  it('counts a target that is seen, out of range or never trained as not recalled', async () => {
    const { learning } = native();
    const popularity = Float32Array.from([3, 2, 1, 0]);
    const models = learning.createModels({
      items: 4,
      rules: null,
      factors: null,
      sequence: null,
      sessions: null,
      content: null,
      ranker: null,
      recent: null,
      returns: null,
      popularity,
      attention: { scale: 8, decay: 0.8, maxEvents: 50, halfLife: 90 },
      blend: { weight: [0, 0, 0, 1, 0, 0, 0, 0], missing: [0, 0, 0, 0, 0, 0, 0, 0] },
      excludeSeen: true,
    });
    const asked = cases([[0], [], [9]], [[0, 2, 9], [3], [1]]);
    const options = { excludeSeen: true, candidates: 10, k: 3, threads: 1 };
    const ranked = await learning.rankCases(models, asked, { ...options, model: 'popularity' }).promise;
    expect([...ranked.eligible]).toEqual([3, 4, 4]);
    expect([...ranked.scored]).toEqual([2, 3, 3]);
    expect([...ranked.recalled]).toEqual([0, 1, 0, 0, 1]);
    expect([...ranked.above]).toEqual([3, 1, 3, 3, 1]);
    expect([...ranked.tied]).toEqual([0, 0, 0, 0, 0]);
    expect([...ranked.top]).toEqual([1, 2, NONE, 0, 1, 2, 0, 1, 2]);
    const engine = await learning.rankCases(models, asked, { ...options, model: 'engine' }).promise;
    expect([...engine.top]).toEqual([1, 2, 3, 0, 1, 2, 0, 1, 2]);
    await expect(async () => learning.rankCases(models, asked, { ...options, model: 'rules' }).promise).rejects.toMatchObject({
      code: 'KAIRANK_INVALID_ARGUMENT',
    });
  });

  it('has defaults where there is nothing to choose by', async () => {
    const { learning } = native();
    const data = learning.createDataset(4, histories([[2, 2, 2, 2]]), null);
    const rules = await learning.learnRules(data, OPTIONS).promise;
    const factors = await learning.learnFactors(data, OPTIONS).promise;
    expect(rules.trials).toEqual([]);
    expect(factors.settings.dim).toBe(1);
    const popularity = Float32Array.from([0, 0, 4, 0]);
    const parts = {
      rules: rules.rules,
      factors: factors.factors,
      sequence: null,
      sessions: null,
      content: null,
      popularity,
      recent: null,
      returns: null,
    };
    const { models } = await learning.learnBlend(data, parts, { seed: 1, threads: 1, excludeSeen: null, candidates: 10 }).promise;
    const ranked = await learning.rankCases(models, cases([[2], []], [[1], [2]]), {
      model: 'engine',
      excludeSeen: false,
      candidates: 10,
      k: 4,
      threads: 1,
    }).promise;
    expect([...ranked.top].slice(4)).toEqual([2, 0, 1, 3]);
    const empty = learning.createDataset(0, histories([]), null);
    expect((await learning.learnFactors(empty, OPTIONS).promise).factors.tensors().factors).toHaveLength(0);
    expect([...(await learning.learnRules(empty, OPTIONS).promise).rules.tensors().offsets]).toEqual([0]);
  });

  it('reports progress to its end, and stops when cancelled', async () => {
    const { learning } = native();
    const { train, validation } = shop(1, 150);
    const data = learning.createDataset(ITEMS, train, validation);
    const told: NativeProgress[] = [];
    await learning.learnRules(data, { ...OPTIONS, onProgress: (progress) => told.push(progress) }).promise;
    const last = told.at(-1);
    expect(last?.done).toBe(last?.total);
    expect(last?.ndcg).toBeGreaterThan(0);
    const job = learning.learnFactors(data, OPTIONS);
    job.cancel();
    await expect(job.promise).rejects.toMatchObject({ code: 'KAIRANK_ABORTED' });
  });

  it('refuses what would read beyond its memory', () => {
    const { learning } = native();
    const refused: unknown = expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' });
    const good = histories([[0, 1]]);
    for (const bad of [
      { ...good, offsets: Float64Array.from([0, 3]) },
      { ...good, offsets: Float64Array.from([0, 2, 1, 2]) },
      { ...good, offsets: Float64Array.from([0, Number.NaN]) },
      { ...good, offsets: new Float64Array() },
      { ...good, rows: Uint32Array.from([0, 7]) },
      { ...good, weights: new Float32Array(1) },
    ]) {
      expect(() => learning.createDataset(2, bad, null)).toThrow(refused);
    }
    expect(() => learning.createDataset(2, good, cases([[0]], [[5]]))).toThrow(refused);
    const rules = {
      offsets: Float64Array.from([0, 1, 2]),
      columns: Uint32Array.from([1, 0]),
      values: Float32Array.from([1, 1]),
      decay: 0.5,
      maxEvents: 10,
    };
    expect(() => learning.rulesFromTensors(2, rules)).not.toThrow();
    for (const bad of [
      { ...rules, offsets: Float64Array.from([0, 3, 2]) },
      { ...rules, offsets: Float64Array.from([0, 2]) },
      { ...rules, columns: Uint32Array.from([1, 2]) },
      { ...rules, values: Float32Array.from([1, Number.NaN]) },
      { ...rules, values: Float32Array.from([1]) },
      { ...rules, decay: 0 },
    ]) {
      expect(() => learning.rulesFromTensors(2, bad)).toThrow(refused);
    }
    const factors = {
      dim: 1,
      factors: Float32Array.from([1, 2]),
      gram: Float32Array.from([1]),
      userGram: Float32Array.from([2]),
      users: 3,
      regularisation: 0.1,
      alpha0: 0.1,
      nu: 1,
      decay: 1,
      maxEvents: 10,
    };
    expect(() => learning.factorsFromTensors(2, factors)).not.toThrow();
    for (const bad of [
      { ...factors, dim: 2 },
      { ...factors, factors: Float32Array.from([1, Number.POSITIVE_INFINITY]) },
      { ...factors, gram: new Float32Array(4) },
      { ...factors, userGram: new Float32Array(0) },
      { ...factors, userGram: Float32Array.from([-1]) },
      { ...factors, users: -1 },
      { ...factors, regularisation: 0 },
    ]) {
      expect(() => learning.factorsFromTensors(2, bad)).toThrow(refused);
    }
    const data = learning.createDataset(2, good, null);
    expect(() => learning.fitRules(data, { windw: 5 }, OPTIONS)).toThrow(refused);
    expect(() => learning.fitRules(data, { window: 0 }, OPTIONS)).toThrow(refused);
    expect(() => learning.fitFactors(data, { dim: 1e9 }, OPTIONS)).toThrow(refused);
  });
});
