// A worker that keeps many requests, and a training, in flight until it is terminated. With a token it asks the core of another thread,
// without one its own. `workerData.end`: 'terminate' waits for that, 'exit' calls process.exit, 'return' runs out.
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
const options = { seed: 1, threads: 2, excludeSeen: true, onProgress: () => {} };
const training = addon.learning.learnFactors(data, options);
training.promise.then(
  ({ factors }) => factors.tensors(),
  () => {},
);
if (workerData.end === 'return') training.cancel();

for (let i = 0; i < 300; i++) ask(i);
parentPort.postMessage(0);
if (workerData.end === 'exit') setTimeout(() => process.exit(0), workerData.after);
