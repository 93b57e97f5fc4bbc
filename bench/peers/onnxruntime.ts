/** Attention by onnxruntime-node: every way its CPU provider offers, of which the bench takes the fastest. */

import { compare } from '../support/measure.js';
import { type OnnxGraph, type OnnxNode, onnxModel } from '../support/onnx.js';
import type { Log, Report } from '../support/question.js';
import type { AttentionContender, AttentionWork } from './attention.js';

/** A graph for the work; `rank` axes of size 1 stand before candidates x dim. */
interface Way {
  rank: number;
  opsets: Record<string, number>;
  nodes: OnnxNode[];
}

const CONTRIB = 'com.microsoft';

function ways(scale: number): Record<string, Way> {
  const softmax: OnnxNode = { op: 'Softmax', inputs: ['scores'], outputs: ['weights'] };
  const output: OnnxNode = { op: 'MatMul', inputs: ['weights', 'values'], outputs: ['output'] };
  const inputs = ['queries', 'keys'];
  const all = ['queries', 'keys', 'values'];
  return {
    'Gemm, Softmax, MatMul': {
      rank: 0,
      opsets: { '': 21 },
      nodes: [{ op: 'Gemm', inputs, outputs: ['scores'], attributes: { transB: 1 }, floats: { alpha: scale } }, softmax, output],
    },
    'FusedMatMul, Softmax, MatMul': {
      rank: 0,
      opsets: { '': 21, [CONTRIB]: 1 },
      nodes: [
        { op: 'FusedMatMul', domain: CONTRIB, inputs, outputs: ['scores'], attributes: { transB: 1 }, floats: { alpha: scale } },
        softmax,
        output,
      ],
    },
    MultiHeadAttention: {
      rank: 1,
      opsets: { '': 21, [CONTRIB]: 1 },
      nodes: [
        { op: 'MultiHeadAttention', domain: CONTRIB, inputs: all, outputs: ['output'], attributes: { num_heads: 1 }, floats: { scale } },
      ],
    },
    'Attention (opset 23)': {
      rank: 2,
      opsets: { '': 23 },
      nodes: [{ op: 'Attention', inputs: all, outputs: ['output'], floats: { scale } }],
    },
  };
}

/** One thread, every optimisation, tensors made before, output written to an array that is there already. */
async function contender(name: string, way: Way, work: AttentionWork): Promise<AttentionContender> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const { candidates, events, dim, queries, keys, values } = work;
  const shape = (rows: number): number[] => [...Array.from({ length: way.rank }, () => 1), rows, dim];
  const graph: OnnxGraph = {
    inputs: [
      { name: 'queries', shape: shape(candidates) },
      { name: 'keys', shape: shape(events) },
      { name: 'values', shape: shape(events) },
    ],
    outputs: [{ name: 'output', shape: shape(candidates) }],
    nodes: way.nodes,
    opsets: way.opsets,
  };
  const session = await InferenceSession.create(onnxModel(graph), {
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    interOpNumThreads: 1,
    intraOpNumThreads: 1,
  });
  const feeds = {
    queries: new Tensor('float32', queries, shape(candidates)),
    keys: new Tensor('float32', keys, shape(events)),
    values: new Tensor('float32', values, shape(events)),
  };
  const output = new Float32Array(candidates * dim);
  const fetches = { output: new Tensor('float32', output, shape(candidates)) };
  return { name, call: () => session.run(feeds, fetches), output: () => output };
}

/** The fastest of onnxruntime's ways under the peer's name, and the times of all of them. */
export async function onnxAttention(work: AttentionWork, log: Log): Promise<{ contender: AttentionContender; report: Report }> {
  const contenders: AttentionContender[] = [];
  for (const [name, way] of Object.entries(ways(work.scale))) {
    try {
      contenders.push(await contender(name, way, work));
    } catch (error) {
      log(`onnxruntime cannot run ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const { micros } = await compare(contenders, { rounds: 5, time: 100 });
  const [best] = [...contenders].sort((a, b) => (micros[a.name] ?? Infinity) - (micros[b.name] ?? Infinity));
  if (!best) throw new Error('onnxruntime could run none of the graphs.');
  return { contender: { ...best, name: 'onnxruntime-node' }, report: { fastest: best.name, micros } };
}
