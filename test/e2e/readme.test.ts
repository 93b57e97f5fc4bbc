import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The programs that the README shows. */
function programsOf(markdown: string): string[] {
  return [...markdown.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program = '']) => program);
}

describe('README.md', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kairank-readme-'));
    // The package as a user has it installed.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'kairank'), 'junction');
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the program that the README shows in this place prints. */
  async function run(place: number): Promise<string[]> {
    const program = programsOf(readFileSync(join(root, 'README.md'), 'utf8'))[place];
    if (program === undefined) throw new Error(`README.md has no program ${place}`);
    writeFileSync(join(folder, 'program.mjs'), program);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder });
    return stdout.trim().split('\n');
  }

  it('shows a shop that recommends', async () => {
    const lines = await run(0);
    const found = lines.pop();
    expect(found).toMatch(/^(tea|pot|cup) Matches “pots for tea”$/);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^(pot|cup) -?\d+\.\d\d/);
    expect(lines.join()).not.toContain('tea 0');
  });

  it('shows vectors that are searched', async () => {
    // <(1, .1, 0, 0), (1, .2, 0, 0)> / (1.00499 x 1.01980) = .99525, and so on.
    expect(await run(1)).toEqual(['exact tea 0.995, coffee 0.944', 'coffee']);
  });

  it('shows an import in place of hnswlib-node', async () => {
    expect(await run(2)).toEqual(['']);
  });

  it('links only to files that are there', () => {
    const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});
