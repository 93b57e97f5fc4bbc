/** The baseline of content: items whose words are those of what the shopper had (Salton & Buckley 1988). */

import type { NativeHistories } from '../../native.js';
import type { ItemRecords } from '../data/items.js';
import { nodeKey } from '../data/paths.js';
import { Numbering, stretchOf } from '../interactions.js';
import type { Scorer } from '../ranks.js';
import { addList, type Lists, listsOf, transpose } from './postings.js';

/** The root locale: where words end must not depend on the machine's language. */
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** Words in lower case, in any script. */
export function wordsIn(text: string): string[] {
  return Array.from(segmenter.segment(text))
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment.toLowerCase());
}

/** The texts of an item: its text fields, its categories, and each node of its category paths once. */
function textsOf({ fields }: ItemRecords, row: number): string[] {
  return fields.flatMap((field): string[] => {
    if (field.kind === 'number') return [];
    if (field.kind === 'path') {
      const nodes = new Map<string, string>();
      for (const path of field.values[row] ?? []) {
        for (const [depth, node] of path.entries()) nodes.set(nodeKey(path.slice(0, depth + 1)), node);
      }
      return [...nodes.values()];
    }
    const value = field.values[row] ?? null;
    return value === null ? [] : [value];
  });
}

/** How often each term occurs in each item. */
function countTerms(records: ItemRecords, items: number): { counts: Map<number, number>[]; terms: number } {
  const terms = new Numbering();
  // Names of categories come again and again.
  const known = new Map<string, number[]>();
  const termsIn = (text: string): number[] => {
    const found = known.get(text) ?? wordsIn(text).map((word) => terms.of(word));
    known.set(text, found);
    return found;
  };
  const counts = Array.from({ length: items }, (_, row) => {
    const own = new Map<number, number>();
    for (const text of textsOf(records, row)) for (const term of termsIn(text)) own.set(term, (own.get(term) ?? 0) + 1);
    return own;
  });
  return { counts, terms: terms.names.length };
}

/** Inverse document frequency ln((1 + n) / (1 + df)) + 1 over the items that are not cold; 0 for a term that none of them has. */
function inverseFrequencies(counts: readonly ReadonlyMap<number, number>[], terms: number, cold: ReadonlySet<number>): Float64Array {
  const frequencies = new Float64Array(terms);
  let documents = 0;
  for (const [row, own] of counts.entries()) {
    if (cold.has(row) || own.size === 0) continue;
    documents++;
    for (const term of own.keys()) frequencies[term] = (frequencies[term] ?? 0) + 1;
  }
  return frequencies.map((frequency) => (frequency === 0 ? 0 : Math.log((1 + documents) / (1 + frequency)) + 1));
}

/** Items by terms: (1 + ln tf) x idf, each item of length 1. */
function weigh(counts: readonly ReadonlyMap<number, number>[], idf: Float64Array): Lists {
  return listsOf(
    counts.map((own) => {
      const weights = new Map<number, number>();
      for (const [term, count] of own) if ((idf[term] ?? 0) > 0) weights.set(term, (1 + Math.log(count)) * (idf[term] ?? 0));
      const length = Math.hypot(...weights.values());
      for (const [term, weight] of weights) weights.set(term, weight / length);
      return weights;
    }),
  );
}

/**
 * Scores by the cosine of an item's vector and the sum of those of the shopper's history (times the length of that sum, which changes
 * no order). Vectors are (1 + ln tf) x idf over the words of all text fields, categories and nodes of category paths, of length 1.
 * @param cold rows that say nothing of how rare a word is: words of theirs alone are unknown.
 */
export function tfidfScorer(records: ItemRecords, histories: NativeHistories, items: number, cold: Iterable<number> = []): Scorer {
  const { counts, terms } = countTerms(records, items);
  const byItem = weigh(counts, inverseFrequencies(counts, terms, new Set(cold)));
  const byTerm = transpose(byItem, terms);
  const user = new Float64Array(terms);
  return (index, scores) => {
    const { start, end } = stretchOf(histories, index);
    user.fill(0);
    for (let event = start; event < end; event++) {
      if ((histories.weights[event] ?? 0) > 0) addList(byItem, histories.rows[event] ?? 0, 1, user);
    }
    scores.fill(0);
    for (let term = 0; term < terms; term++) {
      const weight = user[term] ?? 0;
      if (weight > 0) addList(byTerm, term, weight, scores);
    }
  };
}
