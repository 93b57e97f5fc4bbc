// Builds the addon: with cmake-js where there is CMake, with node-gyp otherwise. `--force` builds even when a
// binary is there; without it an up-to-date build costs one incremental step.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const binary = join(root, 'build', 'Release', 'kairank.node');

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a build tool's own script; keeps its output for the error message. */
function run(module, args) {
  const [name] = module.split('/');
  const file = join(dirname(require.resolve(`${name}/package.json`)), module.slice(name.length + 1));
  const result = spawnSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return { ok: result.status === 0 && existsSync(binary), output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

const attempts = [];
if (has('cmake')) attempts.push(['cmake-js', () => run('cmake-js/bin/cmake-js', ['compile', '--parallel', '4'])]);
// Node's own headers usually lie beside the binary; with them node-gyp has nothing to download.
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
attempts.push(['node-gyp', () => run('node-gyp/bin/node-gyp.js', ['rebuild', ...headers])]);

const failures = [];
for (const [name, attempt] of attempts) {
  const { ok, output } = attempt();
  if (ok) {
    console.log(`kairank: the native core is built (${name})`);
    process.exit(0);
  }
  failures.push(`--- ${name} ---\n${output.trim().split('\n').slice(-25).join('\n')}`);
}
console.error(`${failures.join('\n')}

kairank: the native core could not be built. It needs a C++17 compiler, and either CMake 3.19 or Python 3 with make:
  Debian, Ubuntu   apt-get install g++ cmake make
  Alpine           apk add g++ cmake make
  macOS            xcode-select --install && brew install cmake
  Windows          Visual Studio Build Tools with "Desktop development with C++"`);
process.exit(1);
