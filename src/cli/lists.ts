/** Ranked lists on the terminal. */

import type { Answer, RankedItem } from '../pipeline/requests.js';
import { fitTo, table } from './output.js';

const NAME_WIDTH = 44;
const REASON_WIDTH = 56;

/** The strongest reason in words. */
export function reasonOf(item: Pick<RankedItem, 'reasons'>): string {
  return item.reasons[0]?.text ?? '';
}

/** A list with the names of its items. @param trained whether the shop has models. */
export function listAnswer(answer: Answer, name: (id: string) => string, trained: boolean): string[] {
  const rows = answer.items.map((item, index) => [
    index + 1,
    fitTo(item.id, 24),
    fitTo(name(item.id), NAME_WIDTH),
    item.score.toFixed(3),
    fitTo(reasonOf(item), REASON_WIDTH),
  ]);
  const lines = table(rows, { indent: 2 });
  if (answer.items.length === 0) lines.push('  (nothing to show)');
  if (answer.underfilled) lines.push('  Fewer items could be shown than were asked for.');
  if (!trained) lines.push('  Nothing has been trained yet: this is what is popular. Run "kairank train".');
  return lines;
}
