/** The command line as a child process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `kairank ARGS` from the sources. @param watch sees the process and what it has written to stderr so far. */
export async function kairank(args: readonly string[], watch?: (child: ChildProcess, stderr: string) => void): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', `${root}/src/cli/main.ts`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    watch?.(child, stderr);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

/** Runs a command that prints one JSON object and nothing else. */
export async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await kairank([...args, '--json']);
  if (code !== 0) throw new Error(`kairank ${args.join(' ')} ended with ${code}: ${stderr}`);
  if (stderr !== '') throw new Error(`kairank ${args.join(' ')} wrote to stderr beside JSON: ${stderr}`);
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`not an object: ${stdout}`);
  return { ...value };
}
