// A worker that keeps many requests, a training, and writes to an index and searches of it in flight until it is
// terminated. With a token it asks the core of another thread, without one its own. `workerData.end`: 'terminate' waits
// for that, 'exit' calls process.exit, 'return' runs out.
import { parentPort, workerData } from 'node:worker_threads';
import { loadAddon, makeShop, REQUEST } from './addon.mjs';

const addon = loadAddon();
const core = workerData.token === undefined ? makeShop(addon) : addon.attachCore(workerData.token);
const filter = core.compileFilter([{ op: 'range', column: 0, min: 0, max: 30, minOpen: false, maxOpen: false }]);
let answered = 0;

function ask(index) {
  const call = core.request({ ...REQUEST, user: `user${index % 500}`, filter: index % 2 ? filter : -1 });
  if (index % 7 === 0) call.cancel();
  call.promise.then(
    () => {
      answered++;
      if (workerData.end === 'return') return;
      if (answered % 100 === 0) parentPort.postMessage(answered);
      ask(index + 1);
    },
    () => workerData.end === 'return' || ask(index + 1),
  );
}

// Training goes on meanwhile: a job has a thread of its own, which the end of the worker must not wait for.
const data = addon.learning.createDataset(core.counts().rows, core.exportHistories(), null);
const options = { seed: 1, threads: 2, excludeSeen: true, maxDim: 128, budget: 0, onProgress: () => {} };
const training = addon.learning.learnFactors(data, options);
training.promise.then(
  ({ factors }) => factors.tensors(),
  () => {},
);
if (workerData.end === 'return') training.cancel();

// And so does an index of this thread: its writes have a thread, its searches are the pool's.
const index = addon.createIndex({
  dim: 16,
  metric: 'l2',
  storage: 'f32',
  codes: 'auto',
  graph: true,
  m: 8,
  efConstruction: 20,
  seed: 1,
  strings: false,
  queueLimit: 100_000,
});
const vectors = Float32Array.from({ length: 100 * 16 }, (_, i) => Math.sin(i * 1.7));
const selection = index.select(Float64Array.of(1, 2, 3));

function fill(round) {
  const ids = Float64Array.from({ length: 100 }, (_, i) => (round * 50 + i) % 1000);
  index
    .put(ids, vectors, 2, 0, () => {})
    .promise.then(
      () => workerData.end === 'return' || fill(round + 1),
      () => {},
    );
  index.remove(ids.subarray(0, 50)).promise.catch(() => {});
}

function seek(round) {
  const call = index.search(vectors, 5, 'auto', 0, round === 0 ? 0.9 : 0, round % 2 ? selection : null, 1, 0);
  if (round % 7 === 0) call.cancel();
  call.promise.then(
    ({ counts }) => workerData.end === 'return' || counts.length !== 100 || seek(round + 1),
    () => workerData.end === 'return' || seek(round + 1),
  );
}

fill(0);
for (let i = 0; i < 3; i++) seek(i);
for (let i = 0; i < 300; i++) ask(i);
parentPort.postMessage(0);
if (workerData.end === 'exit') setTimeout(() => process.exit(0), workerData.after);
