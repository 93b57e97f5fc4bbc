/** `kairank train`: learn from everything that a shop's shoppers did. */

import { Command, Option } from 'commander';
import { Engine } from '../../engine.js';
import type { TrainResult } from '../../learn/types.js';
import { interruptible } from '../interrupt.js';
import { budgetOption, goals, jsonOption, seedOption, threadsOption, wholeNumber } from '../options.js';
import { plural, print, table } from '../output.js';
import { createProgress } from '../progress.js';
import { coverageWords, nextEventWords, rankerWords, showTraining } from '../training.js';

interface Flags {
  seed: number;
  threads: number;
  validation?: number;
  refit: boolean;
  budget: number;
  goal?: Record<string, number>;
  json: boolean;
}

export function trainCommand(): Command {
  return new Command('train')
    .description('Trains the models of a shop; they serve as soon as they are ready. Ctrl-C leaves the old ones in place.')
    .argument('<shop>', 'folder of the shop')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--validation <n>', 'shoppers whose last basket chooses the settings').argParser(wholeNumber('--validation', 0, 1e9)),
    )
    .addOption(
      new Option(
        '--goal <types>',
        'the event types that are to be foretold, and what each counts, such as purchase=1,cart=0.5 (default: all that speak for an item)',
      ).argParser(goals),
    )
    .addOption(budgetOption())
    .option('--no-refit', 'do not fit again on everything with the chosen settings')
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  $ kairank train ./shop --seed 7\n  $ kairank train ./shop --goal purchase=1,cart=0.5')
    .action((shop: string, flags: Flags) => interruptible((signal) => run(shop, flags, signal)));
}

async function run(shop: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const progress = createProgress(flags.json);
  const engine = await Engine.open(shop, { signal });
  try {
    const { seed, threads, refit, budget, validation, goal } = flags;
    const aimed = goal ? { goals: goal } : {};
    const options = { seed, threads, refit, budget, ...aimed, signal, onProgress: showTraining(progress) };
    const result = await engine.train(validation === undefined ? options : { ...options, validation });
    progress.stop();
    print(flags.json, result, () => [
      `Trained ${result.id} in ${result.seconds.toFixed(1)} s: ${plural(result.items, 'item')}, ${plural(result.users, 'shopper')}, ${plural(result.events, 'event')}.`,
      ...(result.validation
        ? table(
            [
              ['validation', 'NDCG@10', 'recall@10'],
              [plural(result.validation.cases, 'case'), result.validation.ndcg.toFixed(4), result.validation.recall.toFixed(4)],
            ],
            { indent: 2 },
          )
        : ['  Too little for a validation: settings are the defaults.']),
      ...contributions(result),
      ...coverageWords(result).map((line) => `  ${line}`),
      ...nextEventWords(result).map((line) => `  ${line}`),
    ]);
  } finally {
    progress.stop();
    await engine.close();
  }
}

/** What each source adds to the order, and what was tried on the way. */
function contributions(result: TrainResult): string[] {
  const { rules, sessions, factors, sequence, content, blend } = result;
  if (!blend) return [];
  const rows = Object.entries(blend.weights)
    .filter(([, weight]) => weight > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([source, weight]) => [source, weight.toFixed(2)]);
  const tried = [rules, sessions, factors, blend].reduce((sum, learned) => sum + (learned?.trials.length ?? 0), 0);
  const read = content ? `, ${plural(content.trials.length, 'epoch')} of descriptions` : '';
  const epochs = sequence ? `, ${plural(sequence.report.resumed + sequence.report.epochs.length, 'epoch')} of sequences` : '';
  return [
    ...table([['source', 'weight'], ...rows], { indent: 2 }),
    ...rankerWords(result).map((line) => `  ${line}`),
    `  Tried ${plural(tried, 'setting')}${read}${epochs}; --json says which.`,
  ];
}
