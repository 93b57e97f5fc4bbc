/** What the catalogue says of its items, on its way to the content tower: all of it for training, and what is put later. */

import { attributeValues } from '../catalog/attributes.js';
import { type ContentField, type Cuts, modalitiesOf } from '../catalog/content.js';
import type { FieldValue, Schema, SchemaField } from '../catalog/schema.js';
import { call, throwIfAborted } from '../jobs.js';
import type { NativeCore } from '../native.js';
import type { ItemFields, Store } from '../store/store.js';
import { turn } from './run.js';
import type { ModelsInfo } from './types.js';

/** Items a turn of the event loop. */
const SLICE = 512;

type Values = readonly (FieldValue | undefined)[];

const textOf = (value: FieldValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
const numberOf = (value: FieldValue | undefined): number | null => (typeof value === 'number' ? value : null);
const vectorOf = (value: FieldValue | undefined): Float32Array | null => (value instanceof Float32Array ? value : null);

function labelsOf(value: FieldValue | undefined): readonly string[] | null {
  if (typeof value === 'string') return [value];
  if (typeof value === 'boolean') return [String(value)];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : null;
}

function contentField({ name, kind, dim }: SchemaField, values: Values): ContentField {
  switch (kind) {
    case 'text':
      return { name, kind: 'text', values: values.map(textOf) };
    case 'number':
      return { name, kind: 'number', values: values.map(numberOf) };
    case 'vector':
      return { name, kind: 'vector', dim, values: values.map(vectorOf) };
    case 'boolean':
    case 'category':
    case 'tags':
      return { name, kind: 'labels', values: values.map(labelsOf) };
  }
}

/** The fields of items as content; an item without an entry says nothing. */
function contentFields(schema: Schema, items: readonly (ItemFields | undefined)[]): ContentField[] {
  return [...schema.fields.values()].map((field) =>
    contentField(
      field,
      items.map((item) => item?.[field.name]),
    ),
  );
}

export class Descriptions {
  constructor(
    private readonly core: NativeCore,
    private readonly schema: Schema,
    private readonly store: Store,
    private readonly models: () => ModelsInfo | null,
  ) {}

  /** Everything that the catalogue says, by the rows of `keys`, and how many of them are its items. */
  async all(keys: Float64Array, signal: AbortSignal | undefined): Promise<{ content: ContentField[]; catalogued: number }> {
    const rowOf = new Map<number, number>();
    for (const [row, key] of keys.entries()) if (key > 0) rowOf.set(key, row);
    const items = new Array<ItemFields | undefined>(keys.length).fill(undefined);
    let catalogued = 0;
    for (const slice of this.store.items()) {
      for (const { key, fields } of slice) {
        const row = rowOf.get(key);
        if (row === undefined) continue;
        items[row] = fields;
        catalogued++;
      }
      await turn();
      throwIfAborted(signal);
    }
    return { content: contentFields(this.schema, items), catalogued };
  }

  /** Tells the models what is known of items that were put: they can be recalled from now on. */
  put(items: readonly { id: string; fields: ItemFields }[]): void {
    const { content, attributes } = this.models()?.report ?? {};
    if ((!content && !attributes) || items.length === 0) return;
    const fields = contentFields(
      this.schema,
      items.map((item) => item.fields),
    );
    const modalities = content ? modalitiesOf(fields, new Map<string, Cuts>(Object.entries(content.cuts))) : null;
    call(() =>
      this.core.putContent(
        items.map(({ id }) => id),
        modalities,
        attributes ? attributeValues(items.length, fields, attributes) : null,
      ),
    );
  }

  /** Tells the models of every item that came after their training. */
  async catchUp(signal: AbortSignal | undefined): Promise<void> {
    const { content, attributes } = this.models()?.report ?? {};
    if (!content && !attributes) return;
    const keys = new Set(call(() => this.core.withoutContent()));
    if (keys.size === 0) return;
    let waiting: { id: string; fields: ItemFields }[] = [];
    for (const slice of this.store.items()) {
      for (const { id, key, fields } of slice) if (keys.has(key)) waiting.push({ id, fields });
      while (waiting.length >= SLICE) {
        this.put(waiting.slice(0, SLICE));
        waiting = waiting.slice(SLICE);
        await turn();
        throwIfAborted(signal);
      }
    }
    this.put(waiting);
  }
}
