// Checks the format of C++ sources, or writes it with --write.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = createRequire(import.meta.url).resolve('clang-format/index.js');
const files = ['native', 'test/native', 'bench/native'].flatMap((folder) => {
  try {
    return readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(h|cpp|cc|cu|cuh|inc)$/.test(name) && !name.includes('build/') && !name.includes('node_modules/'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
});
const args = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
const result = spawnSync(process.execPath, [tool, ...args, ...files], { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
