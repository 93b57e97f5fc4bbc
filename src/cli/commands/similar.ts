/** `kairank similar`: the items most like one, or nearest to words. */

import { Command, Option } from 'commander';
import { Engine } from '../../engine.js';
import { listAnswer } from '../lists.js';
import { namesOf } from '../names.js';
import { refuse } from '../../options.js';
import { jsonOption, wholeNumber } from '../options.js';
import { print } from '../output.js';

interface Flags {
  item?: string;
  text?: string;
  k: number;
  json: boolean;
}

export function similarCommand(): Command {
  return new Command('similar')
    .description('Finds the items most like one item, or nearest to words.')
    .argument('<shop>', 'folder of the shop')
    .option('--item <id>', 'the item')
    .option('--text <words>', 'or words, read as an item’s text')
    .addOption(new Option('--k <n>', 'length of the list').default(10).argParser(wholeNumber('--k', 1, 10_000)))
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  $ kairank similar ./shop --item 85123A\n  $ kairank similar ./shop --text "white lantern"')
    .action(run);
}

/** Exactly one of both. */
function subjectOf({ item, text }: Flags): { item: string } | { text: string } {
  if (item !== undefined && text === undefined) return { item };
  if (text !== undefined && item === undefined) return { text };
  return refuse('--item', 'either --item or --text', item === undefined ? undefined : 'both');
}

async function run(shop: string, flags: Flags): Promise<void> {
  const { k, json } = flags;
  const subject = subjectOf(flags);
  const engine = await Engine.open(shop, { readOnly: true });
  try {
    const trained = engine.stats.models !== null;
    const answer = await engine.similar({ ...subject, k });
    const named = 'item' in subject ? [subject.item] : [];
    const name = await namesOf(engine, [...named, ...answer.items.map((found) => found.id)]);
    const about = 'item' in subject ? `Like ${name(subject.item)}` : `Nearest to “${subject.text}”`;
    print(json, { ...subject, trained, ...answer }, () => [
      `${about} (${answer.took.toFixed(2)} ms):`,
      ...listAnswer(answer, name, trained),
    ]);
  } finally {
    await engine.close();
  }
}
