/** The built package under its own name, as CommonJS and as a module: what a program gets that changes one import. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

const PROGRAM = `
  const index = new HierarchicalNSW('l2', 2);
  index.initIndex(3);
  index.addPoint([1, 2], 7);
  index.addPoint([3, 4], 8);
  console.log(JSON.stringify(index.searchKnn([1, 3], 2)));
`;

async function run(type: string, first: string): Promise<unknown> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`--input-type=${type}`, '-e', first + PROGRAM], { cwd: root });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('kairank/hnswlib', () => {
  it.each([
    ['commonjs', `const { HierarchicalNSW } = require('kairank/hnswlib');`],
    ['module', `import { HierarchicalNSW } from 'kairank/hnswlib';`],
    ['module', `import hnswlib from 'kairank/hnswlib'; const { HierarchicalNSW } = hnswlib;`],
    ['module', `const { default: { HierarchicalNSW } } = await import('kairank/hnswlib');`],
  ])('works in a %s that begins with %s', async (type, first) => {
    expect(await run(type, first)).toEqual({ distances: [1, 5], neighbors: [7, 8] });
  });
});
