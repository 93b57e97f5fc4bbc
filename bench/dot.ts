/** Dot products of one query with many rows, and of many queries at once. */

import { type NativeKernels, native } from '../src/native.js';
import { dotF32, dotI8 } from './peers/loops.js';
import { loadSimsimd } from './peers/simsimd.js';
import { machine } from './support/machine.js';
import { type Comparison, type Contender, compare, rounded } from './support/measure.js';
import { installPeers } from './support/peers.js';
import type { Log, Report } from './support/question.js';
import { generator, uniform } from './support/random.js';

export const question =
  'one query x 100,000 rows x 100 dimensions, and 32 queries at once: how much faster than the peers, and than row by row?';

const ROWS = 100_000;
const DIM = 100;
const QUERIES = 32;
const F32_AGREES = 1e-5;

interface Data {
  queries: Float32Array;
  rows: Float32Array;
  queriesI8: Int8Array;
  rowsI8: Int8Array;
}

function makeData(): Data {
  const random = generator(2);
  const bytes = (size: number): Int8Array => Int8Array.from({ length: size }, () => Math.floor(random() * 255) - 127);
  return {
    queries: uniform(QUERIES * DIM, random),
    rows: uniform(ROWS * DIM, random),
    queriesI8: bytes(QUERIES * DIM),
    rowsI8: bytes(ROWS * DIM),
  };
}

/** Throws unless both outputs are close on the scale of sum |a b|; exactly equal when `allowed` is 0. */
function checkAgreement(name: string, query: ArrayLike<number>, rows: ArrayLike<number>, out: ArrayLike<number>, allowed: number): void {
  for (let i = 0; i < out.length; i += 97) {
    let sum = 0;
    let magnitude = 0;
    for (let d = 0; d < query.length; d++) {
      const product = (query[d] ?? Number.NaN) * (rows[i * query.length + d] ?? Number.NaN);
      sum += product;
      magnitude += Math.abs(product);
    }
    if (!(Math.abs((out[i] ?? Number.NaN) - sum) <= allowed * magnitude))
      throw new Error(`${name} computes something else in row ${i}: ${out[i]}, not ${sum}.`);
  }
}

/** Gigabytes of rows read in a second. */
function gigabytesPerSecond(bytes: number, micros: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(micros).map(([name, time]) => [name, rounded(bytes / time / 1000)]));
}

async function oneQuery(data: Data, kernels: NativeKernels, log: Log): Promise<{ f32: Comparison; i8: Comparison; capabilities: Report }> {
  const simsimd = loadSimsimd(log);
  const query = data.queries.subarray(0, DIM);
  const queryI8 = data.queriesI8.subarray(0, DIM);
  const out = new Float32Array(ROWS);
  const outI8 = new Int32Array(ROWS);
  const f32: Contender[] = [
    { name: 'kairank-f32', call: () => kernels.dot(null, 'f32', query, data.rows, out) },
    { name: 'simsimd-f32', call: () => simsimd.dotF32(query, data.rows, out) },
    { name: 'javascript-f32', call: () => dotF32(query, data.rows, out) },
  ];
  const i8: Contender[] = [
    { name: 'kairank-int8', call: () => kernels.dot(null, 'i8', queryI8, data.rowsI8, outI8) },
    { name: 'simsimd-int8', call: () => simsimd.dotI8(queryI8, data.rowsI8, outI8) },
    { name: 'javascript-int8', call: () => dotI8(queryI8, data.rowsI8, outI8) },
  ];
  for (const contender of f32) {
    out.fill(0);
    contender.call();
    checkAgreement(contender.name, query, data.rows, out, F32_AGREES);
  }
  for (const contender of i8) {
    outI8.fill(0);
    contender.call();
    checkAgreement(contender.name, queryI8, data.rowsI8, outI8, 0);
  }
  log('timing one query ...');
  return {
    f32: await compare(f32),
    i8: await compare(i8),
    capabilities: { f32: simsimd.capabilityF32, int8: simsimd.capabilityI8 },
  };
}

/** All queries by the m x n kernel against one call of the one-query kernel for each. */
async function batches(data: Data, kernels: NativeKernels, log: Log): Promise<Record<'f32' | 'bf16' | 'int8', Comparison>> {
  const queriesBf16 = kernels.toBf16(null, data.queries);
  const rowsBf16 = kernels.toBf16(null, data.rows);
  const out = new Float32Array(QUERIES * ROWS);
  const outI8 = new Int32Array(QUERIES * ROWS);
  const each = (call: (from: number, to: number, output: number) => void): void => {
    for (let q = 0; q < QUERIES; q++) call(q * DIM, (q + 1) * DIM, q * ROWS);
  };
  const pair = (batch: () => void, rowByRow: (from: number, to: number, output: number) => void): Promise<Comparison> =>
    compare(
      [
        { name: 'batch', call: batch },
        { name: 'row-by-row', call: () => each(rowByRow) },
      ],
      { rounds: 7, time: 200 },
    );
  const { queries, rows, queriesI8, rowsI8 } = data;
  log(`timing ${QUERIES} queries, f32 ...`);
  const f32 = await pair(
    () => kernels.batch(null, 'f32', DIM, queries, rows, out),
    (from, to, output) => kernels.dot(null, 'f32', queries.subarray(from, to), rows, out.subarray(output, output + ROWS)),
  );
  log(`timing ${QUERIES} queries, bf16 ...`);
  const bf16 = await pair(
    () => kernels.batch(null, 'bf16', DIM, queriesBf16, rowsBf16, out),
    (from, to, output) => kernels.dot(null, 'bf16', queriesBf16.subarray(from, to), rowsBf16, out.subarray(output, output + ROWS)),
  );
  log(`timing ${QUERIES} queries, int8 ...`);
  const int8 = await pair(
    () => kernels.batch(null, 'i8', DIM, queriesI8, rowsI8, outI8),
    (from, to, output) => kernels.dot(null, 'i8', queriesI8.subarray(from, to), rowsI8, outI8.subarray(output, output + ROWS)),
  );
  return { f32, bf16, int8 };
}

export async function run(log: Log): Promise<Report> {
  installPeers(log);
  const addon = native();
  const { kernels } = addon;
  const data = makeData();
  const { f32, i8, capabilities } = await oneQuery(data, kernels, log);
  const batch = await batches(data, kernels, log);
  // Tiles multiply bf16: where they are, that is the batch the engine runs.
  const type = addon.dispatch().active === 'amx' ? 'bf16' : 'f32';
  const byRow = (comparison: Comparison): number => comparison.ratios['row-by-row'] ?? Number.NaN;
  return {
    ratios: { ...f32.ratios, ...i8.ratios, batch: byRow(batch[type]) },
    batch: {
      type,
      ratios: { f32: byRow(batch.f32), bf16: byRow(batch.bf16), int8: byRow(batch.int8) },
      micros: { f32: batch.f32.micros, bf16: batch.bf16.micros, int8: batch.int8.micros },
      gflops: { f32: rounded((2 * QUERIES * ROWS * DIM) / ((batch.f32.micros.batch ?? Number.NaN) * 1000)) },
    },
    micros: { ...f32.micros, ...i8.micros },
    gigabytesPerSecond: { ...gigabytesPerSecond(ROWS * DIM * 4, f32.micros), ...gigabytesPerSecond(ROWS * DIM, i8.micros) },
    simsimdCapabilities: capabilities,
    sizes: { rows: ROWS, dim: DIM, queries: QUERIES, threads: 1 },
    machine: machine(['simsimd']),
  };
}
