/** `kairank recommend`: what a shop would show to a shopper now. */

import { Command, Option } from 'commander';
import { Engine } from '../../engine.js';
import { listAnswer } from '../lists.js';
import { namesOf } from '../names.js';
import { jsonOption, wholeNumber } from '../options.js';
import { OUTCOMES, type NextEvent } from '../../shopper/next-event.js';
import { fitTo, print, table } from '../output.js';

interface Flags {
  user: string;
  k: number;
  history: number;
  json: boolean;
}

export function recommendCommand(): Command {
  return new Command('recommend')
    .description('Recommends items to a shopper, and says why.')
    .argument('<shop>', 'folder of the shop')
    .requiredOption('--user <id>', 'the shopper')
    .addOption(new Option('--k <n>', 'length of the list').default(10).argParser(wholeNumber('--k', 1, 10_000)))
    .addOption(new Option('--history <n>', 'last events to show beside it').default(5).argParser(wholeNumber('--history', 0, 1000)))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ kairank recommend ./shop --user 13085 --k 10')
    .action(run);
}

/** What they do next, likeliest first; nothing when they are not here. */
function nextWords(next: NextEvent | null): string[] {
  if (!next) return [];
  const likely = [...OUTCOMES].sort((a, b) => next[b] - next[a]).map((outcome) => `${outcome} ${(100 * next[outcome]).toFixed(0)} %`);
  return [`Next: ${likely.join(', ')}.`, ''];
}

async function run(shop: string, { user, k, history, json }: Flags): Promise<void> {
  const engine = await Engine.open(shop, { readOnly: true });
  try {
    const trained = engine.stats.models !== null;
    const answer = await engine.recommend({ user, k, onUnknownUser: 'error' });
    const shopper = await engine.shopper(user, { limit: Math.max(1, history) });
    const events = history === 0 ? [] : shopper.events;
    const name = await namesOf(engine, [...answer.items.map((item) => item.id), ...events.flatMap((event) => event.item ?? [])]);
    const rows = events.map((event) => [
      new Date(event.at).toISOString().slice(0, 16).replace('T', ' '),
      event.type,
      event.item === null ? '' : fitTo(name(event.item), 60),
    ]);
    print(json, { user, trained, next: shopper.next, ...answer }, () => [
      ...(rows.length > 0 ? [`The last events of ${user}:`, ...table(rows, { indent: 2 }), ''] : []),
      ...nextWords(shopper.next),
      `For ${user} (${answer.took.toFixed(2)} ms):`,
      ...listAnswer(answer, name, trained),
    ]);
  } finally {
    await engine.close();
  }
}
