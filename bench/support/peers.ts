/** Installs what the benches compare with, on first use, into bench/node_modules: the engine itself stays light. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Log } from './question.js';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** What package-lock.json asks for is what npm last installed. */
function isInstalled(): boolean {
  const installed = `${folder}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const versions = (file: string): Map<string, string> => {
    const lock: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof lock !== 'object' || lock === null || !('packages' in lock)) return new Map();
    const { packages } = lock;
    if (typeof packages !== 'object' || packages === null) return new Map();
    return new Map(
      Object.entries(packages).flatMap(([path, entry]: [string, unknown]): [string, string][] =>
        typeof entry === 'object' && entry !== null && 'version' in entry ? [[path, String(entry.version)]] : [],
      ),
    );
  };
  const wanted = Object.keys(directDependencies());
  const now = versions(installed);
  const asked = versions(`${folder}package-lock.json`);
  return wanted.every((name) => now.get(`node_modules/${name}`) === asked.get(`node_modules/${name}`));
}

function directDependencies(): object {
  const manifest: unknown = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('dependencies' in manifest)) return {};
  const { dependencies } = manifest;
  return typeof dependencies === 'object' && dependencies !== null ? dependencies : {};
}

/** Sees to it that the peers are there. Install scripts are not run: the peers ship what they need prebuilt. */
export function installPeers(log: Log): void {
  if (isInstalled()) return;
  log('Installing the peers into bench/node_modules (about 950 MB, once) ...');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm could not install the peers (see above): is a registry reached?');
}
