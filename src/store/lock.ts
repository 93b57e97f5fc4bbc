/**
 * One owner a folder, also where processes are killed: lock files with a generation in their name.
 *
 * The file of the highest generation says who owns the folder, or that nobody does. Taking over means creating the
 * next generation, which only one process can; nothing is ever taken by deleting, so two processes that find the same
 * dead owner cannot both succeed. Files of lower generations are litter.
 */

import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, readlinkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KairankError } from '../errors.js';

const PREFIX = 'LOCK.';

/** Who holds a lock. A process is the same one only when its start and its machine's boot are the same too. */
interface Owner {
  pid: number;
  /** Start of the process in ticks since the boot; '' where the system does not say. */
  start: string;
  boot: string;
  /** The namespace that the pid counts in: in a container, a pid of another one means nothing. */
  namespace: string;
  released: boolean;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not every system has /proc; without it the pid alone has to do.
    return otherwise;
  }
}

/** The start of a process in ticks since the boot; '' when there is no such process, or the system does not say. */
function startOf(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`, '');
  // The second field is the command in parentheses and may hold anything; starttime is the 22nd.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function thisProcess(): Owner {
  return {
    pid: process.pid,
    start: startOf(process.pid),
    boot: readOr('/proc/sys/kernel/random/boot_id', ''),
    namespace: namespaceOf(),
    released: false,
  };
}

function isAlive(owner: Owner, self: Owner): boolean {
  if (owner.released || owner.boot !== self.boot || owner.namespace !== self.namespace) return false;
  if (owner.start !== '') return startOf(owner.pid) === owner.start;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function generations(dir: string): number[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith(PREFIX) && /^\d{1,15}$/.test(name.slice(PREFIX.length)))
    .map((name) => Number(name.slice(PREFIX.length)))
    .sort((a, b) => b - a);
}

/** What a lock file says; null when it says nothing that can be read (its writer lost its machine in mid-write). */
function readOwner(path: string): Owner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const pid = 'pid' in value && typeof value.pid === 'number' && Number.isInteger(value.pid) && value.pid > 0 ? value.pid : 0;
    const text = (name: string): string => {
      const found: unknown = Reflect.get(value, name);
      return typeof found === 'string' ? found : '';
    };
    return {
      pid,
      start: text('start'),
      boot: text('boot'),
      namespace: text('namespace'),
      released: pid === 0 || Reflect.get(value, 'released') === true,
    };
  } catch {
    return null;
  }
}

/** Whether a name in a folder belongs to the lock. */
export function isLockFile(name: string): boolean {
  return name.startsWith(PREFIX);
}

export interface FolderLock {
  /** Lets go of the folder; harmless when called twice. */
  release(): void;
}

function locked(dir: string, owner: Owner, self: Owner): KairankError {
  const who = owner.pid === self.pid ? `this process (pid ${owner.pid})` : `process ${owner.pid}`;
  return new KairankError('KAIRANK_FOLDER_LOCKED', `dir: ${dir} is open in ${who}; close it there, or open it read-only`, {
    field: 'dir',
    expected: 'a folder that nobody has open',
    received: `open in ${who}`,
  });
}

/**
 * Takes the folder for this engine.
 * @throws KairankError KAIRANK_FOLDER_LOCKED naming the owner's pid
 */
export function lockFolder(dir: string): FolderLock {
  const self = thisProcess();
  for (;;) {
    const [highest = 0] = generations(dir);
    if (highest > 0) {
      const owner = readOwner(join(dir, `${PREFIX}${highest}`));
      if (owner && isAlive(owner, self)) throw locked(dir, owner, self);
    }
    const path = join(dir, `${PREFIX}${highest + 1}`);
    if (!createWhole(dir, path, self)) continue;
    // Somebody who was ahead may have deleted lower generations since they were listed: then ours is one of them, and
    // the owner of a higher one may already have deleted it as litter.
    if (generations(dir)[0] !== highest + 1) {
      removeQuietly(path);
      continue;
    }
    for (const old of generations(dir)) if (old <= highest) removeQuietly(join(dir, `${PREFIX}${old}`));
    return { release: once(() => replaceWhole(dir, path, { ...self, released: true })) };
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/** Creates a file with its content in one step; false when it is there already. */
function createWhole(dir: string, path: string, owner: Owner): boolean {
  const draft = join(dir, `${PREFIX}${randomUUID()}`);
  writeFileSync(draft, JSON.stringify(owner), { flag: 'wx' });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function replaceWhole(dir: string, path: string, owner: Owner): void {
  const draft = join(dir, `${PREFIX}${randomUUID()}`);
  try {
    writeFileSync(draft, JSON.stringify(owner), { flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    // The folder may be gone already, with the lock in it.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
