/** `npm run bench -- NAME [--json]`: one question, its answer as a table, or as exactly one JSON object on stdout. */

import { parseArgs } from 'node:util';
import type { Question, Report } from './support/question.js';

const BENCHES: Record<string, () => Promise<Question>> = {
  attention: () => import('./attention.js'),
  dot: () => import('./dot.js'),
  request: () => import('./request.js'),
};

const USAGE = 'Usage: npm run bench -- NAME [--json]\n\n  --json   one JSON object on stdout; everything else goes to stderr\n';

async function list(): Promise<string> {
  const lines = await Promise.all(Object.entries(BENCHES).map(async ([name, load]) => `  ${name.padEnd(10)} ${(await load()).question}`));
  return `${USAGE}\nBenches:\n${lines.join('\n')}\n`;
}

/** Nested values as 'name.name  value' lines. */
function table(report: Report, prefix = ''): string[] {
  return Object.entries(report).flatMap(([name, value]): string[] => {
    if (Array.isArray(value)) return value.flatMap((entry, i) => table(entry, `${prefix}${name}.${i}.`));
    if (typeof value === 'object' && value !== null) return table(value, `${prefix}${name}.`);
    return [`${`${prefix}${name}`.padEnd(44)} ${String(value)}`];
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    process.stdout.write(await list());
    return 0;
  }
  const load = BENCHES[name];
  if (!load || rest.length > 0) {
    process.stderr.write(
      `${load ? `One bench at a time, not "${positionals.join(' ')}".` : `There is no bench "${name}".`}\n${await list()}`,
    );
    return 1;
  }
  const { question, run } = await load();
  process.stderr.write(`${name}: ${question}\n`);
  const report = await run((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(values.json ? `${JSON.stringify({ bench: name, ...report })}\n` : `${table(report).join('\n')}\n`);
  return 0;
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
