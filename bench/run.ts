/** `npm run bench -- NAME [--json]`: one question, its answer as a table, or as exactly one JSON object on stdout. */

import { parseArgs } from 'node:util';
import { described, Given, parsable } from './support/options.js';
import type { Question, Report } from './support/question.js';

const BENCHES: Record<string, () => Promise<Question>> = {
  attention: () => import('./attention.js'),
  churn: () => import('./churn.js'),
  cost: () => import('./cost.js'),
  dot: () => import('./dot.js'),
  filter: () => import('./filter.js'),
  online: () => import('./online.js'),
  rank: () => import('./rank.js'),
  recall: () => import('./recall.js'),
  request: () => import('./request.js'),
  scale: () => import('./scale.js'),
  step: () => import('./step.js'),
  train: () => import('./train.js'),
};

const USAGE = 'Usage: npm run bench -- NAME [--json]\n\n  --json   one JSON object on stdout; everything else goes to stderr\n';

async function list(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(BENCHES).map(async ([name, load]) => {
      const { question, options = {} } = await load();
      return [`  ${name.padEnd(10)} ${question}`, ...described(options)];
    }),
  );
  return `${USAGE}\nBenches, and what they take:\n${lines.flat().join('\n')}\n`;
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
  // Which options there are depends on the bench, so its name is looked for first.
  const args = process.argv.slice(2);
  const named = args.find((arg) => !arg.startsWith('-'));
  const bench = named === undefined ? undefined : await BENCHES[named]?.();
  const declared = bench?.options ?? {};
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...parsable(declared), json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help || named === undefined) {
    process.stdout.write(await list());
    return 0;
  }
  if (!bench || positionals.length > 1) {
    process.stderr.write(
      `${bench ? `One bench at a time, not "${positionals.join(' ')}".` : `There is no bench "${named}".`}\n${await list()}`,
    );
    return 1;
  }
  process.stderr.write(`${named}: ${bench.question}\n`);
  const report = await bench.run((line) => process.stderr.write(`${line}\n`), new Given(declared, values));
  process.stdout.write(values.json ? `${JSON.stringify({ bench: named, ...report })}\n` : `${table(report).join('\n')}\n`);
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
