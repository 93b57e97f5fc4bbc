/** Items of a file: which column is the id, what kind of field each other column is, and the values by those kinds. */

import type { PlainKind } from '../../catalog/schema.js';
import type { Fields } from '../../formats/records.js';
import { refuse } from '../../options.js';
import { asId, asNumber, tooLong } from './adapter.js';

export type ItemValue = number | boolean | string | readonly string[];
export interface ItemRecord {
  readonly id: string;
  readonly [field: string]: ItemValue;
}

export type AdaptedItem = { item: ItemRecord } | { rejected: string };

export interface ItemAdapter {
  adapt(fields: Fields): AdaptedItem;
  readonly notes: Readonly<Record<string, string>>;
}

/** Names by which files call an item's id, best first. */
const ID_NAMES = ['id', 'item', 'item_id', 'itemid', 'product_id', 'productid', 'sku', 'stockcode', 'asin'];
/** Columns of words to show, whatever their length. */
const TEXT_NAMES = /^(title|name|product_?name|.*description.*|text|url|image.*)$/i;
/** A catalogue has no more fields than this; the columns that most items have are kept. */
const MAX_FIELDS = 256;
const RESERVED = new Set(['id', 'and', 'or', 'not', '__proto__', '']);
/** A category with more distinct values than this, or values longer than that, is rather a text. */
const MAX_CATEGORIES = 2000;
const MAX_CATEGORY_LENGTH = 80;

/** What one column holds, over all records. */
class ColumnFacts {
  present = 0;
  private numbers = 0;
  private codes = 0;
  private booleans = 0;
  private lists = 0;
  private nested = 0;
  private longest = 0;
  private readonly distinct = new Set<string>();

  add(value: unknown): void {
    if (isAbsent(value)) return;
    this.present++;
    if (Array.isArray(value)) {
      if (value.every((entry) => typeof entry === 'string')) this.lists++;
      else this.nested++;
      return;
    }
    if (typeof value === 'boolean' || value === 'true' || value === 'false') this.booleans++;
    else if (value instanceof Date) this.nested++;
    else if (typeof value === 'object') this.nested++;
    else if (!Number.isNaN(asNumber(value))) this.numbers++;
    if (typeof value !== 'string') return;
    // 007 and +49 are codes: as numbers they would lose what tells them apart.
    if (/^\s*(0\d|\+)/.test(value)) this.codes++;
    this.longest = Math.max(this.longest, value.length);
    if (this.distinct.size <= MAX_CATEGORIES) this.distinct.add(value);
  }

  /** undefined: nothing that a field could hold. */
  kind(name: string): PlainKind | undefined {
    if (this.present === 0 || this.nested > 0) return undefined;
    if (this.lists > 0) return this.lists === this.present ? 'tags' : undefined;
    if (this.booleans === this.present) return 'boolean';
    if (this.numbers === this.present && this.codes === 0) return 'number';
    if (this.booleans > 0 && this.numbers > 0) return undefined;
    if (TEXT_NAMES.test(name) || this.longest > MAX_CATEGORY_LENGTH || this.distinct.size > MAX_CATEGORIES) return 'text';
    return 'category';
  }
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '');
}

/** What a file of items looks like. */
export interface ItemShape {
  /** The column that holds the id. */
  id: string;
  fields: Record<string, PlainKind>;
  /** Columns that became no field: nested objects, lists of anything but strings, reserved names, too many. */
  ignored: string[];
}

/** Finds out the shape of a file of items from all of its records. */
export class ItemShapeFinder {
  private readonly columns = new Map<string, ColumnFacts>();

  add(fields: Fields): void {
    for (const [name, value] of Object.entries(fields)) {
      let facts = this.columns.get(name);
      if (!facts) {
        facts = new ColumnFacts();
        this.columns.set(name, facts);
      }
      facts.add(value);
    }
  }

  /**
   * @param idColumn the column of the id; undefined: the one that is called as ids are called (id, item, item_id, sku …).
   * @param given kinds that are known, which wins over what the values look like.
   * @throws KairankError KAIRANK_INVALID_ARGUMENT when there is no such column.
   */
  shape(idColumn: string | undefined, given: Readonly<Record<string, PlainKind>> = {}): ItemShape {
    const names = [...this.columns.keys()];
    const id = idColumn ?? ID_NAMES.map((known) => names.find((name) => name.toLowerCase() === known)).find((name) => name !== undefined);
    if (id === undefined || !this.columns.has(id))
      refuse('id', `the column of the item's id (one of ${names.join(', ')})`, idColumn ?? 'none');
    for (const name of Object.keys(given))
      if (!this.columns.has(name)) refuse(`schema.${name}`, `one of the file's columns (${names.join(', ')})`, name);
    const found: [string, PlainKind, number][] = [];
    const ignored: string[] = [];
    for (const [name, facts] of this.columns) {
      if (name === id) continue;
      const kind = given[name] ?? facts.kind(name);
      if (kind === undefined || RESERVED.has(name) || name.length > 64) ignored.push(name);
      else found.push([name, kind, given[name] ? Number.POSITIVE_INFINITY : facts.present]);
    }
    const kept = new Set(found.sort((a, b) => b[2] - a[2]).slice(0, MAX_FIELDS));
    ignored.push(...found.filter((entry) => !kept.has(entry)).map(([name]) => name));
    // In the order of the file, so that the same file gives the same catalogue.
    const fields = Object.fromEntries(
      names.flatMap((name) => [...kept].filter(([known]) => known === name).map(([, kind]) => [name, kind])),
    );
    return { id, fields, ignored };
  }
}

/** A value by the kind of its field; undefined when it is none of that kind. */
function convert(value: unknown, kind: PlainKind): ItemValue | undefined {
  switch (kind) {
    case 'number': {
      const number = asNumber(value);
      return number === undefined || Number.isNaN(number) ? undefined : number;
    }
    case 'boolean':
      if (typeof value === 'boolean') return value;
      return value === 'true' ? true : value === 'false' ? false : undefined;
    case 'tags':
      if (Array.isArray(value)) return value.every((entry) => typeof entry === 'string') ? value : undefined;
      return typeof value === 'string'
        ? value
            .split(/[|;]/)
            .map((tag) => tag.trim())
            .filter((tag) => tag !== '')
        : undefined;
    case 'category':
    case 'text':
      if (typeof value === 'string') return value.trim();
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }
}

/** Adapts records to items by a shape. A record without an id, or with a value of another kind, is rejected. */
export function createItemAdapter(shape: ItemShape): ItemAdapter {
  const fields = Object.entries(shape.fields);
  return {
    notes: { id: shape.id, ...(shape.ignored.length > 0 ? { ignored: shape.ignored.join(', ') } : {}) },
    adapt(record): AdaptedItem {
      const id = asId(record[shape.id]);
      if (id === undefined) return { rejected: 'id missing' };
      if (tooLong(id)) return { rejected: 'id too long' };
      const item: { id: string; [field: string]: ItemValue } = { id };
      for (const [name, kind] of fields) {
        const value = record[name];
        if (isAbsent(value)) continue;
        const converted = convert(value, kind);
        if (converted === undefined) return { rejected: `${name} not a ${kind}` };
        item[name] = converted;
      }
      return { item };
    },
  };
}
