/** Threads that end in mid-call: in processes of their own, because a crash would take the test runner with it. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Ended {
  status: number | null;
  signal: string | null;
  output: string;
}

function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const path = fileURLToPath(new URL(`./programs/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, output: output.trim() }));
  });
}

test('the addon survives workers that end in mid-call, when nothing else has loaded it', async () => {
  expect(await run('worker-only')).toEqual({ status: 0, signal: null, output: 'survived' });
});

test('and so it does with more threads than cores', async () => {
  expect(await run('worker-only', [], { KAIRANK_THREADS: '8' })).toEqual({ status: 0, signal: null, output: 'survived' });
});

test('a terminated worker leaves the others of its core working', async () => {
  expect(await run('shared-core')).toEqual({ status: 0, signal: null, output: 'survived' });
});

test.each(['exit', 'return', 'idle'])('a main thread that ends by %s ends the process, and calls in flight are not lost', async (how) => {
  expect(await run('main-exit', [how])).toEqual({ status: 0, signal: null, output: 'settled' });
});
