/** A network of two rectified layers by onnxruntime-node: weights in the graph, so that it can lay them out as it likes. */

import type { NativeRanker } from '../../src/native.js';
import type { Contender } from '../support/measure.js';
import { type OnnxConstant, onnxModel } from '../support/onnx.js';

type Network = ReturnType<NativeRanker['tensors']>;

/** One thread, every optimisation, tensors made before. `output` has the scores of the last call, without the blend's. */
export async function onnxNetwork(
  { inputs, hidden, narrow, weights }: Network,
  rows: number,
  standardised: Float32Array,
): Promise<Contender & { output: Float32Array }> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  let at = 0;
  const take = (name: string, ...shape: number[]): OnnxConstant => {
    const size = shape.reduce((product, length) => product * length, 1);
    at += size;
    return { name, shape, data: weights.slice(at - size, at) };
  };
  const constants = [
    take('first', inputs, hidden),
    take('firstBias', hidden),
    take('second', hidden, narrow),
    take('secondBias', narrow),
    take('last', narrow, 1),
  ];
  const layer = (name: string, from: string): { op: string; inputs: string[]; outputs: string[] }[] => [
    { op: 'Gemm', inputs: [from, name, `${name}Bias`], outputs: [`${name}Sum`] },
    { op: 'Relu', inputs: [`${name}Sum`], outputs: [`${name}Out`] },
  ];
  const bytes = onnxModel({
    inputs: [{ name: 'rows', shape: [rows, inputs] }],
    outputs: [{ name: 'scores', shape: [rows, 1] }],
    constants,
    nodes: [
      ...layer('first', 'rows'),
      ...layer('second', 'firstOut'),
      { op: 'MatMul', inputs: ['secondOut', 'last'], outputs: ['scores'] },
    ],
    opsets: { '': 21 },
  });
  const session = await InferenceSession.create(bytes, {
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    interOpNumThreads: 1,
    intraOpNumThreads: 1,
  });
  const feeds = { rows: new Tensor('float32', standardised, [rows, inputs]) };
  const output = new Float32Array(rows);
  const fetches = { scores: new Tensor('float32', output, [rows, 1]) };
  return { name: 'onnxruntime-node', call: () => session.run(feeds, fetches), output };
}
