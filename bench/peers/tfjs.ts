/** Attention by TensorFlow.js on its WebAssembly backend: SIMD on, one thread, the output read back. */

import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type { AttentionContender, AttentionWork } from './attention.js';

export async function tfjsAttention(work: AttentionWork): Promise<AttentionContender> {
  const require = createRequire(import.meta.url);
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const tf = await import('@tensorflow/tfjs');
  wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm')) + sep);
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('The WebAssembly backend of TensorFlow.js did not start.');
  await tf.ready();
  const { candidates, events, dim, scale } = work;
  const queries = tf.tensor2d(work.queries, [candidates, dim]);
  const keys = tf.tensor2d(work.keys, [events, dim]);
  const values = tf.tensor2d(work.values, [events, dim]);
  let output: Float32Array = new Float32Array();
  const call = (): void => {
    // Keys transposed first: its matMul has a slow path for transposed operands. The output is read outside tidy, which
    // would look through every element of an array for tensors.
    const result = tf.tidy(() => queries.matMul(keys.transpose()).mul(scale).softmax().matMul(values));
    output = result.dataSync();
    result.dispose();
  };
  return { name: 'tfjs-wasm', call, output: () => output };
}
