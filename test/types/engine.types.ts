/** Checked by `npm run typecheck`: what TypeScript must let through, and what it must refuse. Never run. */

import { expectTypeOf } from 'vitest';
import {
  type Catalog,
  defineCatalog,
  Engine,
  type ErrorCode,
  type Fields,
  type Item,
  type KairankError,
  type NextEvent,
  type VectorName,
} from '../../src/index.js';

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
  await engine.similar({ item: 'a', fields: ['title'] });
  const found = await engine.similar({ text: 'red shoes', where: { price: { lt: 20 } }, fields: ['title'] });
  expectTypeOf(found.items[0]?.fields).toEqualTypeOf<{ title?: string } | undefined>();
  // @ts-expect-error an item or a text is needed
  await engine.similar({ k: 3 });
  // @ts-expect-error one of both
  await engine.similar({ item: 'a', text: 'red' });

  const { next } = await engine.shopper('u', { at: new Date() });
  expectTypeOf(next).toEqualTypeOf<NextEvent | null>();
  expectTypeOf<keyof NextEvent>().toEqualTypeOf<'browse' | 'cart' | 'buy' | 'leave'>();

  const attached = Engine.attach<Shop>(engine.share());
  await attached.recommend({ user: 'u', where: { price: 3 } });
}

const pictured = defineCatalog({
  fields: { image: { kind: 'vector', dim: 512 }, text: { kind: 'vector', dim: 64, required: true }, title: 'text' },
});
type Pictured = typeof pictured.fields;

expectTypeOf<Item<Pictured>['image']>().toEqualTypeOf<Float32Array | readonly number[] | null | undefined>();
expectTypeOf<Item<Pictured>['text']>().toEqualTypeOf<Float32Array | readonly number[]>();
expectTypeOf<VectorName<Pictured>>().toEqualTypeOf<'image' | 'text'>();

// @ts-expect-error a vector needs its dim
defineCatalog({ fields: { image: 'vector' } });
// @ts-expect-error a vector needs its dim
defineCatalog({ fields: { image: { kind: 'vector' } } });
// @ts-expect-error only a vector has a dim
defineCatalog({ fields: { image: { kind: 'text', dim: 3 } } });
// @ts-expect-error a vector is no title
defineCatalog({ fields: { image: { kind: 'vector', dim: 3 } }, title: 'image' });

export async function vectors(): Promise<void> {
  const engine = await Engine.open('shop', { catalog: pictured });
  await engine.items.put({ id: 'a', image: new Float32Array(512), text: [1, 2] });
  // @ts-expect-error a string is no vector
  await engine.items.put({ id: 'a', text: 'words' });
  // @ts-expect-error a required vector is missing
  await engine.items.put({ id: 'a', image: new Float32Array(512) });
  const { fields } = await engine.items.get('a');
  expectTypeOf(fields.text).toEqualTypeOf<Float32Array>();
  expectTypeOf(fields.image).toEqualTypeOf<Float32Array | undefined>();
  const done = await engine.items.putVectors('image', ['a'], new Float32Array(512), { missing: 'skip' });
  expectTypeOf(done).toEqualTypeOf<{ put: number; missing: string[] }>();
  // @ts-expect-error text is no vector field
  await engine.items.putVectors('title', ['a'], new Float32Array(512));
  // @ts-expect-error a matrix is a Float32Array
  await engine.items.putVectors('image', ['a'], [1, 2, 3]);
  // @ts-expect-error no such word
  await engine.items.putVectors('image', ['a'], new Float32Array(512), { missing: 'drop' });
  // @ts-expect-error a vector cannot be filtered by
  await engine.recommend({ user: 'u', where: { image: [1, 2, 3] } });
  const answer = await engine.recommend({ user: 'u', fields: ['image'] });
  expectTypeOf(answer.items[0]?.fields).toEqualTypeOf<{ image?: Float32Array } | undefined>();
}

/** Without a catalogue that the compiler knows, names and values are checked at run time alone. */
export async function untyped(): Promise<void> {
  const engine = await Engine.open('shop');
  await engine.items.put({ id: 'a', anything: 3, vector: new Float32Array(3) });
  await engine.items.putVectors('anything', ['a'], new Float32Array(3));
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
