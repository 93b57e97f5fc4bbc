/** Where a bench ran, as every report says it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { native, type TargetName } from '../../src/native.js';

const require = createRequire(import.meta.url);

function versionIn(file: string): string {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  return 'unknown';
}

/** The installed version of a package. */
export function versionOf(name: string): string {
  // Not every package exports its package.json, so it is looked for where modules are.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return versionIn(`${folder}/${name}/package.json`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return 'not installed';
}

/** Part of a report. */
export type Machine = {
  cpu: string;
  target: TargetName;
  /** What KAIRANK_TARGET asked for; empty when unset. */
  requestedTarget: string;
  availableTargets: string;
  platform: string;
  versions: Record<string, string>;
};

/** CPU, kernel target and versions; `peers` are package names. */
export function machine(peers: readonly string[]): Machine {
  const { active, available, requested, cpu } = native().dispatch();
  return {
    cpu,
    target: active,
    requestedTarget: requested,
    availableTargets: available.join(' '),
    platform: `${platform()} ${arch()}`,
    versions: {
      node: process.versions.node,
      kairank: versionIn(require.resolve('../../package.json')),
      ...Object.fromEntries(peers.map((name) => [name, versionOf(name)])),
    },
  };
}
