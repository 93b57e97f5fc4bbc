// A thread that attaches to an engine, tries to write, then answers what it is asked.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { Engine } = await import('../../src/index.ts');
const engine = Engine.attach(workerData);
const writes = [
  () => engine.items.put({ id: 'x' }),
  () => engine.items.remove('i1'),
  () => engine.events.add({ user: 'u', item: 'i1', type: 'view' }),
  () => engine.train(),
];
const codes = [];
for (const write of writes) await write().catch((error) => codes.push(error.code));
parentPort.on('message', async (user) => {
  const { items } = await engine.recommend({ user, k: 5, where: { brand: 'acme' }, fields: ['title'] });
  const last = (await engine.shopper(user)).events.at(-1).item;
  const { title } = (await engine.items.get('i7')).fields;
  await engine.close();
  parentPort.postMessage({ items, last, title });
  parentPort.close();
});
parentPort.postMessage(codes);
