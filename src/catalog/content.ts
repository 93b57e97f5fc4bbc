/** What a catalogue says of its items, as the content tower reads it: each field becomes one modality, or several. */

import type { NativeModality } from '../native.js';
import { gramsOf, hashOf, wordsOf } from './words.js';

/** One field of many items, values by row; null where an item lacks it. */
export type ContentField = { name: string } & (
  | { kind: 'text'; values: readonly (string | null)[] }
  /** Names of categories, brands, tags; the nodes of a path. */
  | { kind: 'labels'; values: readonly (readonly string[] | null)[] }
  | { kind: 'number'; values: readonly (number | null)[] }
  | { kind: 'vector'; dim: number; values: readonly (Float32Array | null)[] }
);

/** What a modality counts before anything is learned. */
const PRIOR = { words: 1, start: 1, grams: 0.25, labels: 0.5, bins: 0.25, vector: 1 } as const;
/** Values of a number are told apart by where they stand among all: into 16 bins, and into 4 coarser ones. */
const BINS = 16;
const COARSE = 4;
/** Words of one text that count: descriptions of thousands of words say nothing more in the end. */
const MOST_WORDS = 512;

/** Features item by item. */
class FeatureList {
  readonly #offsets: number[] = [0];
  readonly #features: number[] = [];
  readonly #weights: number[] = [];

  /** Ends an item, of these features and how often it has each. */
  add(counts: ReadonlyMap<string, number>): void {
    for (const [feature, weight] of counts) {
      this.#features.push(hashOf(feature));
      this.#weights.push(weight);
    }
    this.#offsets.push(this.#features.length);
  }

  modality(name: string, prior: number): NativeModality {
    return {
      name,
      prior,
      inputs: 0,
      offsets: Float64Array.from(this.#offsets),
      features: Uint32Array.from(this.#features),
      weights: Float32Array.from(this.#weights),
    };
  }
}

function countsOf(features: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const feature of features) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return counts;
}

/** Words, how the text begins (in a title often the brand), and pieces of words. */
function textModalities(name: string, values: readonly (string | null)[]): NativeModality[] {
  const words = new FeatureList();
  const start = new FeatureList();
  const grams = new FeatureList();
  const known = new Map<string, string[]>();
  for (const value of values) {
    const own = value === null ? [] : wordsOf(value).slice(0, MOST_WORDS);
    words.add(countsOf(own));
    start.add(countsOf([own.slice(0, 1), own.slice(0, 2)].map((first) => first.join(' ')).filter((first) => first !== '')));
    const pieces = new Map<string, number>();
    for (const word of new Set(own)) {
      let all = known.get(word);
      if (!all) {
        all = gramsOf(word);
        known.set(word, all);
      }
      for (const gram of all) pieces.set(gram, 1);
    }
    grams.add(pieces);
  }
  return [words.modality(name, PRIOR.words), start.modality(`${name}.start`, PRIOR.start), grams.modality(`${name}.grams`, PRIOR.grams)];
}

function labelModality(name: string, values: readonly (readonly string[] | null)[]): NativeModality {
  const labels = new FeatureList();
  for (const value of values) labels.add(countsOf(value ?? []));
  return labels.modality(name, PRIOR.labels);
}

/** What was cut into bins, for items that come later. */
export type Cuts = readonly number[];

/** Values that divide the others into bins of about as many items each. */
export function cutsOf(values: readonly (number | null)[]): Cuts {
  const sorted = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  return Array.from({ length: BINS - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / BINS)] ?? 0);
}

function binModality(name: string, values: readonly (number | null)[], cuts: Cuts): NativeModality {
  const bins = new FeatureList();
  for (const value of values) {
    if (value === null) {
      bins.add(new Map());
      continue;
    }
    const bin = cuts.reduce((sum, cut) => sum + Number(value >= cut), 0);
    bins.add(countsOf([`fine ${bin}`, `coarse ${Math.floor((bin * COARSE) / BINS)}`]));
  }
  return bins.modality(name, PRIOR.bins);
}

function vectorModality(name: string, dim: number, values: readonly (Float32Array | null)[]): NativeModality {
  const vectors = new Float32Array(values.length * dim);
  for (const [row, value] of values.entries()) if (value) vectors.set(value, row * dim);
  return { name, prior: PRIOR.vector, inputs: dim, vectors };
}

function fieldModalities(field: ContentField, cuts: Map<string, Cuts>): NativeModality[] {
  switch (field.kind) {
    case 'text':
      return textModalities(field.name, field.values);
    case 'labels':
      return [labelModality(field.name, field.values)];
    case 'vector':
      return [vectorModality(field.name, field.dim, field.values)];
    case 'number': {
      const own = cuts.get(field.name) ?? cutsOf(field.values);
      cuts.set(field.name, own);
      return [binModality(field.name, field.values, own)];
    }
  }
}

/**
 * The modalities of fields, in their order.
 * @param cuts by field, of numbers that were cut before; what is missing is cut now, and added
 */
export function modalitiesOf(fields: readonly ContentField[], cuts: Map<string, Cuts> = new Map()): NativeModality[] {
  return fields.flatMap((field) => fieldModalities(field, cuts));
}

/** A query in words as one item whose text fields all have these words, and which says nothing else. */
export function queryModalities(fields: readonly string[], text: string): NativeModality[] {
  return modalitiesOf(fields.map((name) => ({ name, kind: 'text', values: [text] })));
}

/** How much of a catalogue its descriptions cover. */
export interface Coverage {
  /** By modality: the share of the items that say something by it, 0 to 1. */
  coverage: Record<string, number>;
  /** Items that say nothing by any. */
  undescribed: number;
}

function speaks(modality: NativeModality, row: number): boolean {
  if ('offsets' in modality) return (modality.offsets[row + 1] ?? 0) > (modality.offsets[row] ?? 0);
  const { inputs, vectors } = modality;
  return vectors.subarray(row * inputs, (row + 1) * inputs).some((value) => value !== 0);
}

/** Counts an item for a modality where the tower finds something to read: a word at least, a number, a vector that is not zero. */
export function coverageOf(modalities: readonly NativeModality[], rows: number, items: number): Coverage {
  const described = new Uint8Array(rows);
  const coverage: Record<string, number> = {};
  for (const modality of modalities) {
    let have = 0;
    for (let row = 0; row < rows; row++) {
      if (!speaks(modality, row)) continue;
      have++;
      described[row] = 1;
    }
    coverage[modality.name] = have / Math.max(1, items);
  }
  return { coverage, undescribed: items - described.reduce((sum, one) => sum + one, 0) };
}
