/** Files that a bench need not make twice. They lie in bench/node_modules, which git ignores and `npm ci` empties. */

import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../node_modules/.cache/kairank/', import.meta.url));

export function cachePath(name: string): string {
  mkdirSync(folder, { recursive: true });
  return `${folder}${name}`;
}

/** Written under another name first: a run that is stopped leaves nothing half. */
export function writeCache(name: string, values: Float32Array | Uint32Array): void {
  const path = cachePath(name);
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  renameSync(unfinished, path);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The first `count` numbers of a cached file (all, when left out); undefined where there is none or it is shorter. */
export function readF32(name: string, count?: number): Float32Array | undefined {
  const path = cachePath(name);
  const bytes = count === undefined ? sizeOf(path) : count * 4;
  if (bytes === 0 || sizeOf(path) < bytes) return undefined;
  const values = new Float32Array(bytes / 4);
  const target = new Uint8Array(values.buffer);
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < bytes; ) {
      const got = readSync(file, target, at, Math.min(bytes - at, 1 << 28), at);
      if (got === 0) return undefined;
      at += got;
    }
  } finally {
    closeSync(file);
  }
  return values;
}

export function readU32(name: string, count: number): Uint32Array | undefined {
  const path = cachePath(name);
  if (sizeOf(path) !== count * 4) return undefined;
  return new Uint32Array(new Uint8Array(readFileSync(path)).buffer);
}
