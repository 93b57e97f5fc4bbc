// One core asked from the main thread and from workers by token; workers are terminated in mid-call and the others go
// on. Prints 'survived' when they do.
import { Worker } from 'node:worker_threads';
import { loadAddon, makeShop, REQUEST } from './addon.mjs';

const core = makeShop(loadAddon());

function start() {
  return new Worker(new URL('./asking-worker.mjs', import.meta.url), { workerData: { token: core.token, end: 'terminate', after: 0 } });
}

/** Resolves when a worker has had another hundred answers. */
function progress(worker) {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => worker.once('message', resolve));
  });
}

const steady = start();
await progress(steady);
for (let round = 0; round < 8; round++) {
  const doomed = [start(), start()];
  const calls = Array.from({ length: 50 }, (_, index) => core.request({ ...REQUEST, user: `user${index}` }).promise);
  await Promise.all(doomed.map(progress));
  core.putItems([`new${round}`], new Float64Array(1), [[round]]);
  core.addEvents([`user${round}`], [`new${round}`], new Uint16Array(1), Float32Array.of(1), Float64Array.of(1e6 + round));
  await Promise.all(doomed.map((worker) => worker.terminate()));
  for (const reply of await Promise.all(calls)) if (reply.ids.length !== 20) throw new Error('a short answer');
  await progress(steady);
}
if (core.history('user3', 1).items[0] !== 'new3') throw new Error('an event is lost');

// Closed under a worker that still asks: its next call throws, which ends it.
const ended = new Promise((resolve) => {
  steady.once('error', (error) => resolve(error.code));
  steady.once('exit', resolve);
});
core.close();
const code = await ended;
if (code !== 'KAIRANK_CLOSED') throw new Error(`expected KAIRANK_CLOSED, got ${code}`);
console.log('survived');
