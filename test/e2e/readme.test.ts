import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The program that the README shows, with the package's name pointed at this build. */
function programOf(markdown: string): string {
  const block = /```js\n([\s\S]*?)```/.exec(markdown)?.[1];
  if (!block) throw new Error('README.md has no ```js block');
  return block.replace("from 'kairank'", `from ${JSON.stringify(pathToFileURL(join(root, 'dist/index.js')).href)}`);
}

describe('README.md', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kairank-readme-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows a program that runs', async () => {
    writeFileSync(join(folder, 'program.mjs'), programOf(readFileSync(join(root, 'README.md'), 'utf8')));
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder });
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^(pot|cup) -?\d+\.\d\d/);
    expect(stdout).not.toContain('tea 0');
  });

  it('links only to files that are there', () => {
    const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});
