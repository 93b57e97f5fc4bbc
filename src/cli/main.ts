#!/usr/bin/env node
/** The command line: `kairank demo | import | train | evaluate | recommend | similar | serve | doctor`. */

import { Command, CommanderError } from 'commander';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { importCommand } from './commands/import.js';
import { recommendCommand } from './commands/recommend.js';
import { serveCommand } from './commands/serve.js';
import { similarCommand } from './commands/similar.js';
import { trainCommand } from './commands/train.js';
import { describeError, exitCodeOf } from './errors.js';
import { packageVersion } from '../version.js';

function createProgram(): Command {
  const program = new Command('kairank')
    .description('Ranked items for each shopper, learned from the shop’s own events.')
    .version(packageVersion())
    .addHelpText(
      'after',
      `
Examples:
  $ kairank demo
  $ kairank import ./shop --events events.csv --map user=customer,item=sku,at=time,type=action
  $ kairank train ./shop
  $ kairank recommend ./shop --user u42 --k 10
  $ kairank serve ./shop --port 3000

Exit codes: 0 done, 1 failed, 2 wrong command line, 130 stopped by Ctrl-C.`,
    );
  const commands = [
    demoCommand(),
    importCommand(),
    trainCommand(),
    evaluateCommand(),
    recommendCommand(),
    similarCommand(),
    serveCommand(),
    doctorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  // Settings are not inherited by commands that were made elsewhere.
  for (const command of [program, ...commands]) command.exitOverride().showHelpAfterError('(--help tells more)');
  return program;
}

try {
  await createProgram().parseAsync();
} catch (error) {
  // Commander has said what is wrong already.
  if (!(error instanceof CommanderError)) process.stderr.write(`${describeError(error, process.argv.includes('--json'))}\n`);
  process.exitCode = exitCodeOf(error);
}
