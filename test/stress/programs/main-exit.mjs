// The main thread ends: 'exit' with calls in flight, 'return' with them, 'idle' with none. Calls in flight keep the
// process alive until they settle; a core alone does not.
import { loadAddon, makeShop, REQUEST } from './addon.mjs';

const how = process.argv[2];
const core = makeShop(loadAddon());
const calls = how === 'idle' ? [] : Array.from({ length: 400 }, () => core.request(REQUEST).promise);
if (how === 'exit') {
  console.log('settled');
  process.exit(0);
}
Promise.all(calls).then(() => console.log('settled'));
