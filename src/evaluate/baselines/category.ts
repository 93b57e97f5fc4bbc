/** The baseline of habit: more of the categories that the shopper took from, whatever the item. */

import type { NativeHistories } from '../../native.js';
import type { ItemRecords } from '../data/items.js';
import { nodeKey } from '../data/paths.js';
import { Numbering, stretchOf } from '../interactions.js';
import type { Scorer } from '../ranks.js';
import { denseRanks } from './dense-ranks.js';

/** The categories of each item: the deepest nodes of its paths, or where the catalogue has no paths the values of its categories. */
function categoriesOf({ fields }: ItemRecords, items: number): { own: number[][]; count: number } {
  const names = new Numbering();
  const own = Array.from({ length: items }, (): number[] => []);
  const paths = fields.some(({ kind }) => kind === 'path');
  for (const field of fields) {
    for (const [row, list] of own.entries()) {
      if (field.kind === 'path') for (const path of field.values[row] ?? []) list.push(names.of(`${field.name}:${nodeKey(path)}`));
      if (field.kind !== 'category' || paths) continue;
      const value = field.values[row] ?? null;
      if (value !== null) list.push(names.of(`${field.name}:${value}`));
    }
  }
  return { own, count: names.names.length };
}

/** Whether the records have anything that this baseline could go by. */
export function hasCategories({ fields }: ItemRecords): boolean {
  return fields.some(({ kind }) => kind === 'path' || kind === 'category');
}

/**
 * An event of an item with n categories counts 1 / n for each. A category's share is its part of the shopper's history so counted; of
 * equal shares the category with more of the training events is first. An item stands where the first of its categories does, tied
 * with all others of it; items without a category are last.
 */
export function categoryScorer(records: ItemRecords, train: NativeHistories, histories: NativeHistories, items: number): Scorer {
  const { own, count } = categoriesOf(records, items);
  const members = Array.from({ length: count }, (): number[] => []);
  for (const [row, categories] of own.entries()) for (const category of categories) members[category]?.push(row);
  const addTo = (sums: Map<number, number>, { rows, weights }: NativeHistories, start: number, end: number): Map<number, number> => {
    for (let event = start; event < end; event++) {
      const categories = (weights[event] ?? 0) > 0 ? (own[rows[event] ?? 0] ?? []) : [];
      for (const category of categories) sums.set(category, (sums.get(category) ?? 0) + 1 / categories.length);
    }
    return sums;
  };
  const learned = addTo(new Map(), train, 0, train.rows.length);
  const popularity = denseRanks(Array.from({ length: count }, (_, category) => learned.get(category) ?? 0));
  // Whole numbers: the place by the share, below it the place by popularity; 0 is left for items without a category.
  const level = (share: number, category: number): number => share * (count + 1) + (popularity[category] ?? 0) + 1;
  const usual = Float64Array.from(own, (categories) => Math.max(0, ...categories.map((category) => level(0, category))));
  return (index, scores) => {
    const { start, end } = stretchOf(histories, index);
    const shares = addTo(new Map(), histories, start, end);
    const ranks = denseRanks([...shares.values()]);
    scores.set(usual);
    for (const [place, category] of [...shares.keys()].entries()) {
      const score = level((ranks[place] ?? 0) + 1, category);
      for (const row of members[category] ?? []) scores[row] = Math.max(scores[row] ?? 0, score);
    }
  };
}
