/** What a catalogue says of the items of an evaluation: a file of records, put in the order of the interactions' rows. */

import { fileError } from '../../formats/failures.js';
import { openRecords } from '../../formats/index.js';
import type { Fields } from '../../formats/records.js';
import { refuse } from '../../options.js';
import { createItemAdapter, type ItemShape, ItemShapeFinder, type ItemValue } from '../../shopper/adapters/items.js';
import { type CategoryPath, pathsOf } from './paths.js';
import { Rejected } from './words.js';

/** One field of the items. Values are by row of the interactions' items, null where the file does not say. */
export type ItemField = { name: string } & (
  | { kind: 'text' | 'category'; values: (string | null)[] }
  | { kind: 'path'; values: (readonly CategoryPath[] | null)[] }
  | { kind: 'number'; values: (number | null)[] }
);

export interface ItemRecords {
  fields: ItemField[];
  /** Items of the interactions that the file does not have: all their values are null. */
  missing: number;
  /** Items of the file that nobody did anything with. */
  unused: number;
  /** Columns that became no field: ids of other registers, addresses of pictures, nested objects. */
  ignored: string[];
  /** Records that could not be used, by reason. */
  rejected: Record<string, number>;
}

/** Columns of category paths, whatever their values look like. */
const PATH_NAMES = /^categor(y|ies)$/i;
/** Columns of words, whatever their values look like: in a small file they may look like categories, or like codes. */
const TEXT_NAMES = /^(title|name|product_?name|.*description.*|keywords.*)$/i;

async function findShape(path: string, signal: AbortSignal | undefined): Promise<ItemShape> {
  const finder = new ItemShapeFinder();
  let records = 0;
  for await (const batch of (await openRecords(path, { signal })).batches()) {
    for (const record of batch) {
      if (!('fields' in record)) continue;
      records++;
      finder.add(record.fields);
    }
  }
  if (records === 0)
    throw fileError('KAIRANK_CORRUPT_FILE', path, 'has no items', { expected: 'records of items with an id', received: 'none' });
  return finder.shape(undefined);
}

/** A field without values yet, and what puts a record's value into it. */
interface Column {
  field: ItemField;
  set: (row: number, item: Readonly<Record<string, ItemValue>>, record: Fields) => void;
}

function pathColumn(name: string, rows: number): Column {
  const values = new Array<readonly CategoryPath[] | null>(rows).fill(null);
  const set: Column['set'] = (row, _item, record) => {
    const paths = pathsOf(record[name]);
    values[row] = paths.length > 0 ? paths : null;
  };
  return { field: { name, kind: 'path', values }, set };
}

function numberColumn(name: string, rows: number): Column {
  const values = new Array<number | null>(rows).fill(null);
  const set: Column['set'] = (row, item) => {
    const value = item[name];
    values[row] = typeof value === 'number' ? value : null;
  };
  return { field: { name, kind: 'number', values }, set };
}

/** Lists of words are one text. */
function wordsColumn(name: string, kind: 'text' | 'category', rows: number): Column {
  const values = new Array<string | null>(rows).fill(null);
  const set: Column['set'] = (row, item) => {
    const value = item[name];
    values[row] = value === undefined ? null : Array.isArray(value) ? value.join(', ') : String(value);
  };
  return { field: { name, kind, values }, set };
}

/** Columns in the order of the shape, paths last; the shape loses those, which no adapter needs to check. */
function columnsOf(shape: ItemShape, rows: number): { columns: Column[]; shape: ItemShape } {
  const paths = [...Object.keys(shape.fields), ...shape.ignored].filter((name) => PATH_NAMES.test(name));
  const fields = Object.fromEntries(
    Object.entries(shape.fields)
      .filter(([name]) => !paths.includes(name))
      .map(([name, kind]) => [name, TEXT_NAMES.test(name) && kind !== 'tags' ? ('text' as const) : kind]),
  );
  const columns = Object.entries(fields).map(([name, kind]) => {
    if (kind === 'number') return numberColumn(name, rows);
    return wordsColumn(name, kind === 'text' || kind === 'tags' ? 'text' : 'category', rows);
  });
  const ignored = shape.ignored.filter((name) => !paths.includes(name));
  return { columns: [...columns, ...paths.map((name) => pathColumn(name, rows))], shape: { ...shape, fields, ignored } };
}

/** Values without a single space are codes: ids of other registers or addresses, which say nothing of an item to a reader. */
function isCodes(field: ItemField): boolean {
  return field.kind === 'text' && !TEXT_NAMES.test(field.name) && !field.values.some((value) => value !== null && /\s/.test(value));
}

/**
 * Reads a file of items (CSV and the like with a header, JSONL, Parquet) for the rows of `items`. The id stands in the column that is
 * called as ids are (`id`, `item_id` ...); `category` and `categories` are paths (see {@link pathsOf}); `title`, `name`, `description`
 * and `keywords` are text; any other column is numbers where all of its values are, else categories where they are few and short, else
 * text. Of records with the same id the first counts.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT when there is no column of ids, or none of its ids is one of `items`;
 * KAIRANK_CORRUPT_FILE when the file has no records; what {@link openRecords} throws.
 */
export async function readItems(path: string, items: readonly string[], signal?: AbortSignal): Promise<ItemRecords> {
  const { columns, shape } = columnsOf(await findShape(path, signal), items.length);
  const adapter = createItemAdapter(shape);
  const rowOf = new Map(items.map((item, row) => [item, row]));
  const known = new Set<string>();
  const rejected = new Rejected();
  let used = 0;
  for await (const batch of (await openRecords(path, { signal })).batches()) {
    for (const record of batch) {
      if ('problem' in record) {
        rejected.add(record.problem);
        continue;
      }
      const adapted = adapter.adapt(record.fields);
      if ('rejected' in adapted) {
        rejected.add(adapted.rejected);
        continue;
      }
      const { id } = adapted.item;
      if (known.has(id)) {
        rejected.add('id again');
        continue;
      }
      known.add(id);
      const row = rowOf.get(id);
      if (row === undefined) continue;
      used++;
      for (const column of columns) column.set(row, adapted.item, record.fields);
    }
  }
  if (used === 0) {
    const [shown = 'none'] = known;
    refuse('items', `a file whose column ${shape.id} has items of the events, such as ${items[0] ?? '(none)'}`, shown);
  }
  const codes = columns.filter(({ field }) => isCodes(field));
  return {
    fields: columns.filter((column) => !codes.includes(column)).map(({ field }) => field),
    missing: items.length - used,
    unused: known.size - used,
    ignored: [...shape.ignored, ...codes.map(({ field }) => field.name)],
    rejected: rejected.counts,
  };
}
