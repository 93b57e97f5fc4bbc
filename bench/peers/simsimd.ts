/** simsimd's C headers in a native loop: a small addon of our own, compiled on first use. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { native } from '../../src/native.js';
import { versionOf } from '../support/machine.js';
import type { Log } from '../support/question.js';

/** out[i] = <query, rows[i]>; rows: count x dim. */
export interface Simsimd {
  dotF32(query: Float32Array, rows: Float32Array, out: Float32Array): void;
  dotI8(query: Int8Array, rows: Int8Array, out: Int32Array): void;
  /** Bits of simsimd_capability_t: which of its targets serves the type. */
  capabilityF32: number;
  capabilityI8: number;
}

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'bench', 'native', 'simsimd.cpp');

function isSimsimd(value: unknown): value is Simsimd {
  return typeof value === 'object' && value !== null && 'dotF32' in value && 'dotI8' in value && 'capabilityF32' in value;
}

/** Compiles for this CPU, once for each CPU, source and version. */
function build(log: Log): string {
  const key = createHash('sha256')
    .update(`${native().dispatch().cpu} ${versionOf('simsimd')}`)
    .update(readFileSync(source));
  const binary = join(root, 'bench', 'native', 'build', `simsimd-${key.digest('hex').slice(0, 12)}.node`);
  if (existsSync(binary)) return binary;
  log("Compiling simsimd's headers for this CPU, once ...");
  mkdirSync(dirname(binary), { recursive: true });
  const headers = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
  const simsimd = join(root, 'bench', 'node_modules', 'simsimd', 'include');
  // The optimisation flags are simsimd's own, from its binding.gyp, with this CPU added.
  const optimised = ['-std=c++17', '-O3', '-ffast-math', '-march=native'];
  const defines = ['-DNAPI_VERSION=8', '-DSIMSIMD_NATIVE_F16=0', '-DSIMSIMD_NATIVE_BF16=0'];
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const args = [...optimised, ...defines, '-fPIC', '-fvisibility=hidden', ...shared, `-I${headers}`, `-I${simsimd}`, source, '-o', binary];
  const { status, error } = spawnSync(process.env.CXX ?? 'c++', args, { stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error("simsimd's headers could not be compiled (see above).");
  return binary;
}

export function loadSimsimd(log: Log): Simsimd {
  const loaded: unknown = require(build(log));
  if (!isSimsimd(loaded)) throw new Error('The addon over simsimd exports something else.');
  return loaded;
}
