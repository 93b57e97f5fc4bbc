// The addon is loaded in workers only, which end in mid-call in every way there is, one after the other and several at
// a time. Prints 'survived' when the process does.
import { Worker } from 'node:worker_threads';

const WORKERS = 36;
const ENDS = ['terminate', 'exit', 'terminate', 'return'];

function run(index) {
  const end = ENDS[index % ENDS.length];
  const after = (index * 7) % 30;
  const worker = new Worker(new URL('./asking-worker.mjs', import.meta.url), { workerData: { end, after } });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
    // Some are terminated while the addon is still being loaded.
    if (end !== 'terminate') return;
    if (index % 3 === 0) setTimeout(() => worker.terminate(), after);
    else worker.once('message', () => setTimeout(() => worker.terminate(), after));
  });
}

for (let first = 0; first < WORKERS; first += 3) {
  await Promise.all([run(first), run(first + 1), run(first + 2)]);
}
console.log('survived');
