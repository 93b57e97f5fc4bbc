/** `kairank demo`: a made-up shop from import to offers, in a few seconds. */

import { Command } from 'commander';
import { type DemoResult, type Offer, runDemo } from '../../demo/run.js';
import { interruptible } from '../interrupt.js';
import { jsonOption, seedOption, threadsOption } from '../options.js';
import { count, fitTo, pad, print, table } from '../output.js';
import { createProgress } from '../progress.js';
import { showTraining } from '../training.js';

interface Flags {
  dir?: string;
  seed: number;
  threads: number;
  json: boolean;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Makes a shop whose shoppers have tastes, trains on it, measures it against popularity, and shows what a few shoppers are offered.',
    )
    .option('--dir <folder>', 'keep the shop in this folder (default: a temporary one)')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ kairank demo\n  $ kairank demo --dir ./demo-shop --seed 7\n  $ kairank recommend ./demo-shop --user s0001',
    )
    .action((flags: Flags) => interruptible((signal) => run(flags, signal)));
}

async function run({ dir, seed, threads, json }: Flags, signal: AbortSignal): Promise<void> {
  const progress = createProgress(json);
  try {
    const result = await runDemo({
      seed,
      threads,
      dir,
      signal,
      onStage: progress.update.bind(progress),
      onTraining: showTraining(progress),
    });
    progress.stop();
    print(json, result, () => words(result, dir));
  } finally {
    progress.stop();
  }
}

/** Widths of the two halves of a shopper's block. */
const LEFT = 46;
const RIGHT = 62;

function words(result: DemoResult, dir: string | undefined): string[] {
  const { engine, popularity } = result.evaluation;
  const row = (name: string, metrics: typeof engine): string[] => [name, metrics['recall@10'].toFixed(4), metrics['ndcg@10'].toFixed(4)];
  const times = (a: number, b: number): string => (b > 0 ? `${(a / b).toFixed(1)} ×` : '');
  const { seconds } = result;
  return [
    '',
    `A shop of ${count(result.items)} items, ${count(result.shoppers)} shoppers and ${count(result.events)} events (seed ${result.seed})`,
    `imported in ${seconds.import.toFixed(1)} s, trained in ${seconds.train.toFixed(1)} s, evaluated in ${seconds.evaluate.toFixed(1)} s.`,
    '',
    'Which item does each shopper turn to next? (leave-one-out, the whole catalogue ranked)',
    ...table(
      [
        ['', 'recall@10', 'NDCG@10'],
        row('popularity', popularity),
        row('kairank', engine),
        ['', times(engine['recall@10'], popularity['recall@10']), times(engine['ndcg@10'], popularity['ndcg@10'])],
      ],
      { indent: 2 },
    ),
    '',
    ...result.shoppersShown.flatMap(showShopper),
    ...(dir === undefined
      ? []
      : [`The shop is in ${dir}: try "kairank recommend ${dir} --user ${result.shoppersShown[0]?.user ?? 's0001'}".`]),
  ];
}

function offerLines({ title, price, reason }: Offer, place: number): string[] {
  const name = fitTo(title, RIGHT - 14);
  return [`${place + 1}. ${pad(name, RIGHT - 14)} ${price.toFixed(2).padStart(8)}`, `     ${fitTo(reason?.text ?? '', RIGHT - 5)}`];
}

/** Two columns: what the shopper did last, and what they are offered. */
function showShopper({ user, lastEvents, offers, took }: DemoResult['shoppersShown'][number]): string[] {
  const left = lastEvents.map((event) => `${pad(event.type, 9)} ${fitTo(event.title, LEFT - 12)}`);
  const right = offers.flatMap(offerLines);
  const lines = [`${pad(`Shopper ${user} did last`, LEFT)}and is offered (in ${took.toFixed(2)} ms)`];
  for (let index = 0; index < Math.max(left.length, right.length); index++)
    lines.push(`${pad(`  ${left[index] ?? ''}`, LEFT)}${right[index] ?? ''}`.trimEnd());
  return [...lines, ''];
}
