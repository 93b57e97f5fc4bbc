/** Models that are no part of the engine: what it is measured against. A new one is one file here and one entry below. */

import type { NativeHistories } from '../../native.js';
import { refuse } from '../../options.js';
import type { ItemRecords } from '../data/items.js';
import type { Scorer } from '../ranks.js';
import type { Split } from '../splits.js';
import { categoryScorer, hasCategories } from './category.js';
import { randomScorer } from './random.js';
import { repeatScorer } from './repeat.js';
import { tfidfScorer } from './tfidf.js';

export const BASELINES = ['repeat', 'tfidf', 'category', 'random'] as const;
export type Baseline = (typeof BASELINES)[number];

export function isBaseline(model: string): model is Baseline {
  return BASELINES.some((name) => name === model);
}

/** Models that go by what the catalogue says of the items. */
export const CONTENT_MODELS: readonly string[] = ['content', 'tfidf', 'category'];

function recordsFor(model: Baseline, { records }: Split): ItemRecords {
  if (!records) refuse('items', `a file of items, which the model ${model} goes by`, undefined);
  if (model === 'category' && !hasCategories(records)) {
    refuse('items', 'a file of items with a column of categories', records.fields.map(({ name }) => name).join(', '));
  }
  return records;
}

/** The scores of a baseline for the test cases of a split. @param learned what may be counted. */
export function baselineScorer(model: Baseline, split: Split, learned: NativeHistories, seed: number): Scorer {
  const { items, test, coldItems } = split;
  switch (model) {
    case 'repeat':
      return repeatScorer(learned, test.histories, items);
    case 'tfidf':
      return tfidfScorer(recordsFor(model, split), test.histories, items, coldItems?.rows);
    case 'category':
      return categoryScorer(recordsFor(model, split), learned, test.histories, items);
    case 'random':
      return randomScorer(seed);
  }
}
