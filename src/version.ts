/** Versions of packages. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

function versionIn(path: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

/** kairank's own, seen from src/ and dist/ alike. */
export function packageVersion(): string {
  return versionIn(require.resolve('../package.json'));
}

/** Of a dependency, or null when it is not installed. Looked up by hand: a package need not export its package.json. */
export function dependencyVersion(name: string): string | null {
  const manifest = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json')).find((path) => existsSync(path));
  return manifest === undefined ? null : versionIn(manifest);
}
