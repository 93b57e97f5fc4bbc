/** `engine.items`: the catalogue's items, in the store and in the core. */

import { KairankError } from '../errors.js';
import { call } from '../jobs.js';
import type { ColumnValue, NativeCore } from '../native.js';
import { id as checkId, show } from '../options.js';
import type { ItemFields, Store } from '../store/store.js';
import { checkIds, checkItem, toColumns } from './items.js';
import { checkPutVectors, type PutVectorsOptions } from './put-vectors.js';
import type { Fields, Item, Schema, StoredFields, StoredItem, VectorName } from './schema.js';

type Lookup = ReadonlyMap<string, ItemFields>;

export class Items<F extends Fields = Fields> {
  constructor(
    private readonly core: NativeCore,
    private readonly schema: Schema,
    private readonly store: () => Store,
    private readonly lookup: (ids: readonly string[]) => Lookup | Promise<Lookup>,
    private readonly open: () => void,
    /** Told what is known of items from now on. */
    private readonly described: (items: readonly { id: string; fields: ItemFields }[]) => void,
  ) {}

  /**
   * Puts or replaces items, whole: a field that is left out is gone, a vector too. All of them are put or, when one is refused,
   * none. Durable when the promise resolves. Some thousands a call are quickest.
   *
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_UNKNOWN_FIELD, KAIRANK_INVALID_SCHEMA naming `items[3].price`,
   * KAIRANK_READ_ONLY, KAIRANK_CLOSED, KAIRANK_IO
   */
  async put(items: Item<F> | readonly Item<F>[]): Promise<{ put: number }> {
    this.open();
    const list: readonly unknown[] = Array.isArray(items) ? items : [items];
    const checked = list.map((item, index) => checkItem(this.schema, Array.isArray(items) ? `items[${index}]` : 'item', item));
    if (checked.length === 0) return { put: 0 };
    await this.store().write(
      (transaction) =>
        Float64Array.from(checked, ({ id, fields }) => {
          const key = transaction.keyOf(id) || transaction.giveKey(id);
          transaction.putItem(id, fields);
          return key;
        }),
      (keys) => {
        const values: ColumnValue[][] = checked.map(({ fields }) => toColumns(this.schema, fields));
        call(() =>
          this.core.putItems(
            checked.map(({ id }) => id),
            keys,
            values,
          ),
        );
      },
    );
    this.described(checked);
    return { put: checked.length };
  }

  /**
   * Sets one vector field of items that are there, and leaves their other fields as they are: `matrix` is n × dim,
   * row-major, a row for each of the n ids, all finite; it may be used again at once. Of an id that is given twice the
   * last row stays. All of it is written or, when anything is refused, nothing. Durable when the promise resolves. Some
   * thousands of rows a call are quickest.
   *
   * @returns how many rows were put, and with `missing: 'skip'` the ids that the catalogue does not have
   * @throws KairankError KAIRANK_NOT_FOUND naming the first unknown id by its place (`ids[3]`), KAIRANK_INVALID_ARGUMENT
   * (`matrix[17]`), KAIRANK_UNKNOWN_FIELD, KAIRANK_READ_ONLY, KAIRANK_CLOSED, KAIRANK_IO
   */
  async putVectors(
    field: VectorName<F>,
    ids: readonly string[],
    matrix: Float32Array,
    options: PutVectorsOptions = {},
  ): Promise<{ put: number; missing: string[] }> {
    this.open();
    const checked = checkPutVectors(this.schema, field, ids, matrix, options);
    const written = new Map<string, ItemFields>();
    const missing = await this.store().write((transaction) => {
      const stored = checked.ids.map((id) => transaction.item(id));
      const unknown = [...stored.keys()].filter((row) => stored[row] === undefined);
      // Nothing is thrown in here: it would take down what others write in the same commit.
      if (unknown.length > 0 && !checked.skip) return unknown;
      for (const [row, id] of checked.ids.entries()) {
        const fields = stored[row];
        const vector = checked.vectors[row];
        if (!fields || !vector) continue;
        written.set(id, { ...fields, [checked.field]: vector });
        transaction.putItem(id, { ...fields, [checked.field]: vector });
      }
      return unknown;
    });
    const [first] = missing;
    if (first !== undefined && !checked.skip) {
      const id = show(checked.ids[first]);
      const more = missing.length > 1 ? `, nor ${missing.length - 1} more of them` : '';
      throw new KairankError('KAIRANK_NOT_FOUND', `ids[${first}]: the catalogue has no item ${id}${more}`, {
        field: `ids[${first}]`,
        expected: 'the id of an item',
        received: id,
      });
    }
    this.described([...written].map(([id, fields]) => ({ id, fields })));
    return { put: checked.ids.length - missing.length, missing: missing.map((row) => checked.ids[row] ?? '') };
  }

  /**
   * Takes items out of every answer; what shoppers did with them stays known. Unknown ids count for nothing.
   * @returns how many were there
   * @throws KairankError KAIRANK_INVALID_ARGUMENT, KAIRANK_READ_ONLY, KAIRANK_CLOSED, KAIRANK_IO
   */
  async remove(ids: string | readonly string[]): Promise<{ removed: number }> {
    this.open();
    const list = [...new Set(checkIds('ids', ids))];
    if (list.length === 0) return { removed: 0 };
    const removed = await this.store().write(
      (transaction) => list.filter((id) => transaction.removeItem(id)),
      (gone) => call(() => this.core.removeItems(gone)),
    );
    return { removed: removed.length };
  }

  /**
   * The stored fields of an item, a copy; vectors as Float32Array.
   * @throws KairankError KAIRANK_NOT_FOUND, KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED
   */
  async get(id: string): Promise<StoredItem<F>> {
    this.open();
    const fields = (await this.lookup([checkId('id', id)])).get(id);
    if (!fields)
      throw new KairankError('KAIRANK_NOT_FOUND', `id: the catalogue has no item ${show(id)}`, { field: 'id', received: show(id) });
    return { id, fields: copyOf<F>(fields) };
  }

  /** Whether the catalogue has the item. */
  has(id: string): boolean {
    this.open();
    return call(() => this.core.hasItem(checkId('id', id)));
  }

  get count(): number {
    this.open();
    return call(() => this.core.counts().items);
  }
}

/** A copy the caller may change. It was checked against the schema that F describes when it was put. */
function copyOf<F extends Fields>(fields: ItemFields): StoredFields<F> {
  return structuredClone(fields) as StoredFields<F>;
}
