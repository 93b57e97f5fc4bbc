/** What a catalogue says of its items in few words, as the ranker reads it: labels and numbers, a row an item. */

import type { NativeAttributeValues } from '../native.js';
import type { ContentField } from './content.js';
import { hashOf } from './words.js';

/** Which fields there are, and how many labels of each count for one item. */
export interface AttributeLayout {
  labels: { name: string; slots: number }[];
  numbers: string[];
}

/** Fields that count, in the order of the catalogue. */
const MOST_LABEL_FIELDS = 8;
const MOST_NUMBER_FIELDS = 4;
/** Labels of one field that count: of tags the first. */
const MOST_LABELS = 4;

type Labels = Extract<ContentField, { kind: 'labels' }>;
type Numbers = Extract<ContentField, { kind: 'number' }>;

const labelsOf = (fields: readonly ContentField[]): Labels[] => fields.filter((field): field is Labels => field.kind === 'labels');
const numbersOf = (fields: readonly ContentField[]): Numbers[] => fields.filter((field): field is Numbers => field.kind === 'number');

/** The layout of fields; null where none of them says anything that can be shared. */
export function layoutOf(fields: readonly ContentField[]): AttributeLayout | null {
  const labels = labelsOf(fields)
    .map(({ name, values }) => ({ name, slots: values.reduce((most, own) => Math.max(most, Math.min(MOST_LABELS, own?.length ?? 0)), 0) }))
    .filter(({ slots }) => slots > 0)
    .slice(0, MOST_LABEL_FIELDS);
  const numbers = numbersOf(fields)
    .filter(({ values }) => values.some((value) => value !== null))
    .map(({ name }) => name)
    .slice(0, MOST_NUMBER_FIELDS);
  return labels.length + numbers.length > 0 ? { labels, numbers } : null;
}

/** The attributes of `items` items by a layout; a field that is not there says nothing. */
export function attributeValues(
  items: number,
  fields: readonly ContentField[],
  { labels, numbers }: AttributeLayout,
): NativeAttributeValues {
  const width = labels.reduce((sum, { slots }) => sum + slots, 0);
  const out = {
    slots: Uint32Array.from(labels, ({ slots }) => slots),
    labels: new Uint32Array(items * width),
    numbers: numbers.length,
    values: new Float64Array(items * numbers.length).fill(Number.NaN),
  };
  let first = 0;
  for (const { name, slots } of labels) {
    const field = labelsOf(fields).find((one) => one.name === name);
    for (const [row, own] of (field?.values ?? []).entries()) {
      // 0 stands for none.
      const hashes = [...new Set(own?.map((label) => hashOf(label) || 1))].slice(0, slots);
      out.labels.set(hashes, row * width + first);
    }
    first += slots;
  }
  for (const [index, name] of numbers.entries()) {
    const field = numbersOf(fields).find((one) => one.name === name);
    for (const [row, value] of (field?.values ?? []).entries()) out.values[row * numbers.length + index] = value ?? Number.NaN;
  }
  return out;
}
