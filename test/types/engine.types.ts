/** Checked by `npm run typecheck`: what TypeScript must let through, and what it must refuse. Never run. */

import { expectTypeOf } from 'vitest';
import { type Catalog, defineCatalog, Engine, type ErrorCode, type Fields, type Item, type KairankError } from '../../src/index.js';

const catalog = defineCatalog({
  fields: {
    price: { kind: 'number', required: true },
    inStock: 'boolean',
    brand: 'category',
    colours: 'tags',
    title: 'text',
  },
});
type Shop = typeof catalog.fields;

expectTypeOf<Item<Shop>['price']>().toEqualTypeOf<number>();
expectTypeOf<Item<Shop>['brand']>().toEqualTypeOf<string | null | undefined>();
expectTypeOf<Item<Shop>['colours']>().toEqualTypeOf<readonly string[] | null | undefined>();

// @ts-expect-error no such kind
defineCatalog({ fields: { price: 'money' } });
// @ts-expect-error the title must be a text field
defineCatalog({ fields: { brand: 'category', title: 'text' }, title: 'brand' });

export async function typed(): Promise<void> {
  await using engine = await Engine.open('shop', { catalog, eventTypes: { wishlist: { weight: 0.5 } } });
  expectTypeOf(engine.catalog).toEqualTypeOf<Catalog<Shop>>();

  await engine.items.put({ id: 'a', price: 3, colours: ['red'], brand: null });
  await engine.items.put([{ id: 'a', price: 3 }]);
  // @ts-expect-error a required field is missing
  await engine.items.put({ id: 'a', brand: 'acme' });
  // @ts-expect-error no such field
  await engine.items.put({ id: 'a', price: 3, size: 4 });
  // @ts-expect-error a string is no number
  await engine.items.put({ id: 'a', price: '3' });
  const item = await engine.items.get('a');
  expectTypeOf(item.fields.price).toEqualTypeOf<number>();
  expectTypeOf(item.fields.title).toEqualTypeOf<string | undefined>();

  await engine.events.add({ user: 'u', item: 'a', type: 'wishlist' });
  await engine.events.add([{ user: 'u', type: 'search', query: 'shoes' }]);
  // @ts-expect-error no such type of event
  await engine.events.add({ user: 'u', item: 'a', type: 'wishlists' });
  // @ts-expect-error an event has a user
  await engine.events.add({ item: 'a', type: 'view' });

  const answer = await engine.recommend({
    user: 'u',
    where: { price: { gte: 5, lt: 20 }, brand: 'acme', or: [{ colours: { has: 'red' } }, { not: { inStock: false } }] },
    fields: ['price', 'title'],
  });
  expectTypeOf(answer.items[0]?.fields).toEqualTypeOf<{ price: number; title?: string } | undefined>();
  // @ts-expect-error the field was not asked for
  expectTypeOf(answer.items[0]?.fields?.brand).toBeUnknown();
  // @ts-expect-error text cannot be filtered by
  await engine.recommend({ user: 'u', where: { title: 'x' } });
  // @ts-expect-error no such field
  await engine.recommend({ user: 'u', where: { and: [{ pirce: 3 }] } });
  // @ts-expect-error a category has no range
  await engine.recommend({ user: 'u', where: { brand: { gte: 'a' } } });
  // @ts-expect-error no such field
  await engine.recommend({ user: 'u', fields: ['size'] });
  // @ts-expect-error no such scenario
  await engine.recommend({ user: 'u', scenario: 'for-me' });
  // @ts-expect-error no such option
  await engine.recommend({ user: 'u', limit: 3 });

  const ranked = await engine.rank({ events: [{ item: 'a', type: 'wishlist' }], items: ['a', 'b'] });
  expectTypeOf(ranked.refused).toEqualTypeOf<string[]>();
  // @ts-expect-error an item is needed
  await engine.similar({ k: 3 });

  const attached = Engine.attach<Shop>(engine.share());
  await attached.recommend({ user: 'u', where: { price: 3 } });
}

/** Without a catalogue that the compiler knows, names and values are checked at run time alone. */
export async function untyped(): Promise<void> {
  const engine = await Engine.open('shop');
  await engine.items.put({ id: 'a', anything: 3 });
  await engine.recommend({ user: 'u', where: { anything: { gte: 3 } }, fields: ['anything'] });
  await engine.events.add({ user: 'u', item: 'a', type: 'anything' });
}

/** Code for engines of any catalogue. */
export async function general<F extends Fields, T extends string>(engine: Engine<F, T>): Promise<string[]> {
  const { items } = await engine.recommend({ user: 'u', k: 3 });
  return items.map(({ id }) => id);
}
export const called = async (): Promise<string[]> => general(await Engine.open('shop', { catalog }));

/** The codes are part of the API: taking one away or naming one anew is a breaking change. */
expectTypeOf<KairankError['code']>().toEqualTypeOf<ErrorCode>();
expectTypeOf<ErrorCode>().toEqualTypeOf<
  | 'KAIRANK_INVALID_ARGUMENT'
  | 'KAIRANK_INVALID_SCHEMA'
  | 'KAIRANK_UNKNOWN_FIELD'
  | 'KAIRANK_NOT_FOUND'
  | 'KAIRANK_OVERLOADED'
  | 'KAIRANK_ABORTED'
  | 'KAIRANK_DEADLINE_EXCEEDED'
  | 'KAIRANK_CLOSED'
  | 'KAIRANK_READ_ONLY'
  | 'KAIRANK_FOLDER_LOCKED'
  | 'KAIRANK_CORRUPT_FILE'
  | 'KAIRANK_UNSUPPORTED_FORMAT'
  | 'KAIRANK_IO'
  | 'KAIRANK_NOT_ENOUGH_DATA'
  | 'KAIRANK_BUSY'
  | 'KAIRANK_NATIVE_UNAVAILABLE'
  | 'KAIRANK_OUT_OF_MEMORY'
  | 'KAIRANK_INTERNAL'
>();
