/** `kairank doctor`: what runs here, and what is wrong. */

import { availableParallelism, totalmem } from 'node:os';
import { Command } from 'commander';
import { KairankError } from '../../errors.js';
import { type DispatchInfo, native } from '../../native.js';
import { EXIT } from '../errors.js';
import { jsonOption } from '../options.js';
import { print, table } from '../output.js';
import { dependencyVersion, packageVersion } from '../../version.js';

interface Findings {
  kairank: string;
  node: string;
  platform: string;
  cpu: string | null;
  threads: number;
  memoryGiB: number;
  native: Omit<DispatchInfo, 'cpu'> | null;
  lmdb: string | null;
  gpu: null;
  problems: string[];
}

/** The oldest Node that kairank runs on. */
const OLDEST_NODE = [20, 19];

function nodeIsTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

async function lmdbVersion(problems: string[]): Promise<string | null> {
  try {
    await import('lmdb');
    return dependencyVersion('lmdb');
  } catch (error) {
    problems.push(`lmdb cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function examine(): Promise<Findings> {
  const problems: string[] = [];
  if (nodeIsTooOld()) problems.push(`Node ${process.versions.node} is too old: kairank needs ${OLDEST_NODE.join('.')} or newer`);
  let dispatch: DispatchInfo | null = null;
  try {
    dispatch = native().dispatch();
    if (dispatch.requested !== '' && dispatch.requested !== dispatch.active) {
      problems.push(`KAIRANK_TARGET asks for ${dispatch.requested}, which this CPU or this build lacks; ${dispatch.active} is used`);
    }
  } catch (error) {
    problems.push(error instanceof KairankError ? error.message : String(error));
  }
  return {
    kairank: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu: dispatch?.cpu ?? null,
    threads: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    native: dispatch && {
      active: dispatch.active,
      available: dispatch.available,
      compiled: dispatch.compiled,
      requested: dispatch.requested,
    },
    lmdb: await lmdbVersion(problems),
    gpu: null,
    problems,
  };
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Says what kairank found on this machine, and what is wrong.')
    .addOption(jsonOption())
    .action(async ({ json }: { json: boolean }) => {
      const found = await examine();
      print(json, found, () => [
        ...table([
          ['kairank', found.kairank],
          ['Node', found.node],
          ['platform', found.platform],
          ['CPU', found.cpu ?? 'not known without the native core'],
          ['threads', `${found.threads}`],
          ['memory', `${found.memoryGiB} GiB`],
          ['native target', found.native?.active ?? 'none'],
          ['  on this CPU', found.native?.available.join(', ') ?? ''],
          ['  in this build', found.native?.compiled.join(', ') ?? ''],
          ['  asked for', found.native?.requested || 'nothing (KAIRANK_TARGET is not set)'],
          ['LMDB', found.lmdb ?? 'none'],
          ['GPU', 'none (this build computes on the CPU)'],
        ]),
        '',
        ...(found.problems.length === 0 ? ['Nothing is wrong.'] : found.problems.map((problem) => `Problem: ${problem}`)),
      ]);
      if (found.problems.length > 0) process.exitCode = EXIT.failure;
    });
}
