/** `kairank similar`: the items most like one. */

import { Command, Option } from 'commander';
import { Engine } from '../../engine.js';
import { listAnswer } from '../lists.js';
import { namesOf } from '../names.js';
import { jsonOption, wholeNumber } from '../options.js';
import { print } from '../output.js';

interface Flags {
  item: string;
  k: number;
  json: boolean;
}

export function similarCommand(): Command {
  return new Command('similar')
    .description('Finds the items most like one item.')
    .argument('<shop>', 'folder of the shop')
    .requiredOption('--item <id>', 'the item')
    .addOption(new Option('--k <n>', 'length of the list').default(10).argParser(wholeNumber('--k', 1, 10_000)))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ kairank similar ./shop --item 85123A')
    .action(run);
}

async function run(shop: string, { item, k, json }: Flags): Promise<void> {
  const engine = await Engine.open(shop, { readOnly: true });
  try {
    const trained = engine.stats.models !== null;
    const answer = await engine.similar({ item, k });
    const name = await namesOf(engine, [item, ...answer.items.map((found) => found.id)]);
    print(json, { item, trained, ...answer }, () => [
      `Like ${name(item)} (${answer.took.toFixed(2)} ms):`,
      ...listAnswer(answer, name, trained),
    ]);
  } finally {
    await engine.close();
  }
}
