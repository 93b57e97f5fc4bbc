// What the programs of the stress tests share. Plain JavaScript: they run in processes and workers of their own, where
// nothing compiles TypeScript.
import { createRequire } from 'node:module';

export function loadAddon() {
  return createRequire(import.meta.url)('../../../build/Release/kairank.node');
}

export const REQUEST = {
  user: null,
  events: null,
  mode: 'recommend',
  items: null,
  k: 20,
  candidates: 200,
  filter: -1,
  excludeSeen: null,
  exclude: null,
  now: 0,
  deadline: 0,
  reasons: 2,
};

/** A core of 2,000 items and 500 shoppers. */
export function makeShop(addon, queueLimit = 100_000) {
  const core = addon.createCore({ columns: [{ name: 'price', kind: 'number' }], typeWeights: [1], queueLimit });
  const ids = Array.from({ length: 2000 }, (_, index) => `item${index}`);
  core.putItems(
    ids,
    new Float64Array(ids.length),
    ids.map((_, index) => [index % 50]),
  );
  const events = 5000;
  core.addEvents(
    Array.from({ length: events }, (_, index) => `user${index % 500}`),
    Array.from({ length: events }, (_, index) => ids[(index * 7) % ids.length]),
    new Uint16Array(events),
    new Float32Array(events).fill(1),
    Float64Array.from({ length: events }, (_, index) => index),
  );
  return core;
}
