/** Softmax attention of candidates over events, against what a Node service could use in its place. */

import { native } from '../src/native.js';
import { type AttentionContender, type AttentionWork, errorOf, javascriptAttention, truth } from './peers/attention.js';
import { onnxAttention } from './peers/onnxruntime.js';
import { tfjsAttention } from './peers/tfjs.js';
import { machine } from './support/machine.js';
import { compare, rounded } from './support/measure.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { generator, uniform } from './support/random.js';

export const question =
  '1,000 candidates x 50 events x 64 dimensions, one head, f32 in and out, one thread: how much faster than the peers?';

const CANDIDATES = 1000;
const EVENTS = 50;
const DIM = 64;
/** Largest error that counts as agreement, in units of sum_j w_j |v_j|. */
const AGREES = { f32: 1e-5, bf16: 1e-2 };

function makeWork(): AttentionWork {
  const random = generator(1);
  return {
    candidates: CANDIDATES,
    events: EVENTS,
    dim: DIM,
    scale: 1 / Math.sqrt(DIM),
    queries: uniform(CANDIDATES * DIM, random),
    keys: uniform(EVENTS * DIM, random),
    values: uniform(EVENTS * DIM, random),
  };
}

function ours(work: AttentionWork, type: 'f32' | 'bf16'): AttentionContender {
  const { kernels } = native();
  const output = new Float32Array(work.candidates * work.dim);
  const task = { ...work, type, valueDim: work.dim, heads: 1, bias: null, out: output, weights: null };
  return { name: `kairank-${type}`, call: () => kernels.attention(null, task), output: () => output };
}

export async function run(log: Log): Promise<Report> {
  installPeers(log);
  const work = makeWork();
  const onnx = await onnxAttention(work, log);
  const peers = [onnx.contender, await tfjsAttention(work), javascriptAttention(work)];
  const types: ('f32' | 'bf16')[] = native().dispatch().active === 'amx' ? ['bf16', 'f32'] : ['f32'];

  const expected = truth(work);
  const errors: Record<string, number> = {};
  for (const contender of [...types.map((type) => ours(work, type)), ...peers]) {
    await contender.call();
    const error = errorOf(contender.output(), expected);
    const allowed = contender.name === 'kairank-bf16' ? AGREES.bf16 : AGREES.f32;
    if (!(error <= allowed)) throw new Error(`${contender.name} computes something else: its error is ${error}.`);
    errors[contender.name] = rounded(error);
  }

  const byType: Report = {};
  for (const type of types) {
    log(`timing ${type} in turns with ${peers.map(({ name }) => name).join(', ')} ...`);
    const { micros, ratios } = await compare([ours(work, type), ...peers]);
    const flops = 4 * CANDIDATES * EVENTS * DIM;
    byType[type] = { ratios, micros, gflops: rounded(flops / ((micros[`kairank-${type}`] ?? Number.NaN) * 1000)) };
  }
  // Where the CPU has tiles, bf16 products are what the engine uses: they are the answer, and f32 stands beside them.
  const [main = 'f32'] = types;
  const answer = byType[main];
  return {
    ...(typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? answer : {}),
    type: main,
    byType,
    errors,
    onnxruntime: onnx.report,
    sizes: { candidates: CANDIDATES, events: EVENTS, dim: DIM, heads: 1, threads: 1 },
    machine: machine(['onnxruntime-node', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm']),
  };
}
