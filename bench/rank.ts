/** Ordering 500 candidates against 50 events with everything that the ranker is told, and its network beside a peer's. */

import { native, type NativeModelParts, type NativeRequest, SOURCES } from '../src/native.js';
import { onnxNetwork } from './peers/onnx-network.js';
import { machine } from './support/machine.js';
import { compare, median, percentile, rounded } from './support/measure.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { PLAIN } from './support/request.js';
import { generator, uniform } from './support/random.js';
import { makeRanker } from './support/ranker.js';

export const question = '500 candidates x 50 events, every input of the ranker: how long, and its network against onnxruntime-node?';

const ITEMS = 12_000;
const USERS = 3000;
const EVENTS = 50;
const CANDIDATES = 500;
const REQUESTS = 600;
const WARM_UP = 100;
const SEQUENCE_BUDGET = 30;
/** Largest difference of two scores that counts as agreement: sums of some hundred products of about 1. */
const AGREES = 1e-3;

/** Models of every kind over made-up shoppers, with and without the ranker. */
async function makeModels(
  random: () => number,
  log: Log,
): Promise<{ core: ReturnType<ReturnType<typeof native>['createCore']>; parts: NativeModelParts }> {
  const { learning } = native();
  const core = native().createCore({ columns: [], typeWeights: [1], queueLimit: 100 });
  const ids = Array.from({ length: ITEMS }, (_, i) => `item-${i}`);
  core.putItems(
    ids,
    Float64Array.from(ids, (_, i) => i + 1),
    ids.map(() => []),
  );
  for (let user = 0; user < USERS; user++) {
    const taste = Math.floor(random() * 240) * 50;
    core.addEvents(
      Array.from({ length: EVENTS }, () => `user-${user}`),
      Array.from({ length: EVENTS }, () => `item-${random() < 0.9 ? taste + Math.floor(50 * random()) : Math.floor(ITEMS * random())}`),
      new Uint16Array(EVENTS),
      new Float32Array(EVENTS).fill(1),
      Float64Array.from({ length: EVENTS }, (_, step) => step * 60_000),
    );
  }
  log('training ...');
  const data = learning.createDataset(ITEMS, core.exportHistories(), null);
  const options = { seed: 1, threads: 1, excludeSeen: true };
  const content = learning.createContent(ITEMS, [
    {
      name: 'taste',
      prior: 1,
      inputs: 0,
      offsets: Float64Array.from({ length: ITEMS + 1 }, (_, i) => i),
      features: Uint32Array.from({ length: ITEMS }, (_, i) => Math.floor(i / 50)),
      weights: new Float32Array(ITEMS).fill(1),
    },
  ]);
  const { rules } = await learning.learnRules(data, { ...options, sequential: true }).promise;
  const { factors } = await learning.learnFactors(data, { ...options, maxDim: 64, budget: 0 }).promise;
  const { sequence } = await learning.learnSequence(data, {}, { ...options, budget: SEQUENCE_BUDGET, checkpoint: null }).promise;
  const tower = await learning.fitContent(data, content, { epochs: 1 }, options).promise;
  // A category, three tags and a price.
  const attributes = learning.createAttributes(ITEMS, {
    slots: Uint32Array.of(1, 3),
    labels: Uint32Array.from({ length: ITEMS * 4 }, (_, at) => 1 + (at % 4 === 0 ? Math.floor(at / 200) : Math.floor(1000 * random()))),
    numbers: 1,
    values: Float64Array.from({ length: ITEMS }, () => random()),
  });
  const parts: NativeModelParts = {
    items: ITEMS,
    rules,
    factors,
    sequence,
    sessions: null,
    content: tower.content,
    attributes,
    ranker: null,
    popularity: new Float32Array(ITEMS).fill(1),
    recent: new Float32Array(ITEMS).fill(1),
    returns: null,
    attention: { scale: 8, decay: 0.8, maxEvents: EVENTS, halfLife: 90 },
    blend: { weight: SOURCES.map(() => 0.3), missing: SOURCES.map(() => 0) },
    excludeSeen: true,
  };
  return { core, parts };
}

export async function run(log: Log): Promise<Report> {
  installPeers(log);
  const random = generator(7);
  const { learning } = native();
  const { core, parts } = await makeModels(random, log);
  try {
    const tensors = makeRanker(random, CANDIDATES);
    const ranker = learning.rankerFromTensors(tensors);
    const ask = async (user: number): Promise<number> => {
      const items = Array.from({ length: CANDIDATES }, (_, i) => `item-${(user * 7 + i * 23) % ITEMS}`);
      const request: NativeRequest = { ...PLAIN, user: `user-${user}`, items, mode: 'rank', k: CANDIDATES, candidates: CANDIDATES };
      return (await core.request(request).promise).took;
    };
    const time = async (models: NativeModelParts): Promise<number[]> => {
      core.publish(learning.createModels(models));
      const took: number[] = [];
      for (let request = 0; request < WARM_UP + REQUESTS; request++) {
        const micros = await ask(request % USERS);
        if (request >= WARM_UP) took.push(micros);
      }
      return took.sort((a, b) => a - b);
    };
    log('timing requests with and without the ranker ...');
    const blended = await time(parts);
    const ranked = await time({ ...parts, ranker });

    const inputs = uniform(CANDIDATES * tensors.inputs, random);
    const scores = new Float32Array(CANDIDATES);
    const ours = { name: 'kairank', call: (): void => learning.scoreRanker(ranker, inputs, scores) };
    const peer = await onnxNetwork(tensors, CANDIDATES, inputs);
    ours.call();
    await peer.call();
    const error = scores.reduce((most, score, row) => Math.max(most, Math.abs(score - (peer.output[row] ?? Number.NaN))), 0);
    if (!(error <= AGREES)) throw new Error(`onnxruntime-node computes something else: it is off by ${error}.`);
    log('timing the network in turns with onnxruntime-node ...');
    const { micros, ratios } = await compare([ours, peer]);
    return {
      rankMicros: rounded(median(ranked)),
      rankerMicros: rounded(median(ranked) - median(blended)),
      p99Micros: rounded(percentile(ranked, 0.99)),
      networkMicros: micros,
      ratios,
      sizes: {
        items: ITEMS,
        candidates: CANDIDATES,
        events: EVENTS,
        inputs: tensors.inputs,
        hidden: tensors.hidden,
        narrow: tensors.narrow,
        threads: 1,
      },
      machine: machine(['onnxruntime-node']),
    };
  } finally {
    core.close();
  }
}
