/** How fast the sequence model trains, and how near its matrix products come to what the kernel can do. */

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareSplit } from '../src/evaluate/protocols.js';
import { native } from '../src/native.js';
import { machine } from './support/machine.js';
import { cpuMillis, median, rounded } from './support/measure.js';
import type { BenchOptions, Given } from './support/options.js';
import type { Log, Report } from './support/question.js';
import { generator, uniform } from './support/random.js';

export const question =
  'the sequence model on Amazon Beauty: seconds an epoch, and the rate of its matrix products beside the kernel’s best?';

export const options: BenchOptions = {
  epochs: { default: 4, help: 'epochs that are timed' },
  threads: { default: 1, help: 'threads that train' },
};

const root = fileURLToPath(new URL('..', import.meta.url));
/** Edge of the square matrices that the best rate is measured on: three of them fit the second cache. */
const EDGE = 256;
const PEAK_ROUNDS = 25;

/** Best GFLOP/s of one thread, in CPU time: the fastest of many products, by the kernel that training uses. */
function peak(): number {
  const random = generator(5);
  const a = uniform(EDGE * EDGE, random);
  const b = uniform(EDGE * EDGE, random);
  const c = new Float32Array(EDGE * EDGE);
  const { kernels } = native();
  let best = 0;
  for (let round = 0; round < PEAK_ROUNDS; round++) {
    const start = cpuMillis();
    for (let i = 0; i < 8; i++) kernels.gemm(null, 'bf16', EDGE, EDGE, EDGE, a, b, c);
    best = Math.max(best, (8 * 2 * EDGE ** 3) / ((cpuMillis() - start) * 1e6));
  }
  return best;
}

export async function run(log: Log, given: Given): Promise<Report> {
  const epochs = given.number('epochs');
  const threads = given.number('threads');
  const path = join(resolve(root, process.env.KAIRANK_DATA ?? '../shared/data'), 'beauty', 'sequences.txt');
  const { split } = await prepareSplit(path, { format: 'sequences', seed: 1 });
  const { learning } = native();
  const before = peak();
  log(`training ${epochs} epochs on ${split.train.rows.length} events ...`);
  // No validation: nothing but training is timed.
  const data = learning.createDataset(split.items, split.train, null);
  const { report, settings } = await learning.learnSequence(
    data,
    { epochs: 30, until: epochs },
    { seed: 1, threads, excludeSeen: true, budget: 0, checkpoint: null },
  ).promise;
  const best = Math.max(before, peak());
  const seconds = median(report.epochs.map((epoch) => epoch.seconds));
  const gflops = median(report.epochs.map((epoch) => (2 * epoch.products) / epoch.seconds / 1e9)) / threads;
  return {
    secondsAnEpoch: rounded(seconds),
    gflops: rounded(gflops),
    peakGflops: rounded(best),
    shareOfPeak: rounded(gflops / best),
    sizes: {
      items: split.items,
      users: split.train.offsets.length - 1,
      events: split.train.rows.length,
      dim: settings.dim ?? 0,
      negatives: settings.negatives ?? 0,
      batch: settings.batch ?? 0,
      threads,
    },
    counted: 'matrix products of layers and loss, forward and back; gflops a thread',
    machine: machine([]),
  };
}
