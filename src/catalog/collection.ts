/** `engine.items`: the catalogue's items, in the store and in the core. */

import { KairankError } from '../errors.js';
import { call } from '../jobs.js';
import type { ColumnValue, NativeCore } from '../native.js';
import { id as checkId, show } from '../options.js';
import type { ItemFields, Store } from '../store/store.js';
import { checkIds, checkItem, toColumns } from './items.js';
import type { Fields, Item, Schema, StoredFields, StoredItem } from './schema.js';

type Lookup = ReadonlyMap<string, ItemFields>;

export class Items<F extends Fields = Fields> {
  constructor(
    private readonly core: NativeCore,
    private readonly schema: Schema,
    private readonly store: () => Store,
    private readonly lookup: (ids: readonly string[]) => Lookup | Promise<Lookup>,
    private readonly open: () => void,
  ) {}

  /**
   * Puts or replaces items, whole: a field that is left out is gone. All of them are put or, when one is refused,
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
    return { put: checked.length };
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

  /** @throws KairankError KAIRANK_NOT_FOUND, KAIRANK_INVALID_ARGUMENT, KAIRANK_CLOSED */
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
