// Builds and runs the native tests with CMake, without Node in them: `--sanitize=address|thread|undefined|address,undefined`
// builds them with that sanitizer, `--only=NAME,NAME` builds and runs some, `--built` links the core that the addon's build left behind
// rather than compile it again: right after that build, as in .ci/run. Where there is no CMake it says so and leaves with 0: the
// kernels are tested through the binding as well.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SANITIZERS = ['address', 'thread', 'undefined', 'address,undefined'];

function option(name) {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

const sanitizer = option('sanitize');
if (sanitizer !== undefined && !SANITIZERS.includes(sanitizer)) {
  console.error(`--sanitize must be one of ${SANITIZERS.join(', ')}, not '${sanitizer}'.`);
  process.exit(1);
}
if (spawnSync('cmake', ['--version'], { stdio: 'ignore' }).status !== 0) {
  console.log('kairank: the native tests are skipped, because there is no cmake.');
  process.exit(0);
}

/** Runs a step; the first that fails ends the run with its status. */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const build = join(root, 'build', sanitizer ? `native-tests-${sanitizer.replace(',', '-')}` : 'native-tests');
const jobs = String(Math.min(availableParallelism(), 4));
const only = option('only')?.split(',');
const built = join(root, 'build', 'libkairank_core.a');
const core = process.argv.includes('--built') && !sanitizer && existsSync(built) ? built : '';
run('cmake', ['-S', root, '-B', build, '-DCMAKE_BUILD_TYPE=Release', `-DSANITIZE=${sanitizer ?? ''}`, `-DCORE_LIBRARY=${core}`]);
run('cmake', ['--build', build, '--parallel', jobs, ...(only ? ['--target', ...only.map((name) => `test_${name}`)] : [])]);
run('ctest', ['--test-dir', build, '--parallel', jobs, '--verbose', ...(only ? ['-R', `^(${only.join('|')})$`] : [])]);
