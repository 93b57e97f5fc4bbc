import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkItem, titleOf, toColumns } from '../../src/catalog/items.js';
import { compileSchema, fromRecord, growCatalog, toRecord } from '../../src/catalog/schema.js';
import { defineCatalog } from '../../src/index.js';

const catalog = defineCatalog({
  fields: { price: { kind: 'number', required: true }, inStock: 'boolean', brand: 'category', colours: 'tags', name: 'text' },
});
const schema = compileSchema(toRecord(catalog));

describe('defineCatalog', () => {
  it('finds the title, and survives being stored', () => {
    expect(catalog.title).toBe('name');
    expect(defineCatalog({ fields: { name: 'category' } }).title).toBeNull();
    expect(defineCatalog({ fields: { name: 'text', label: 'text' }, title: 'label' }).title).toBe('label');
    expect(fromRecord(toRecord(catalog))).toEqual(catalog);
    expect(schema.columns).toEqual([
      { name: 'price', kind: 'number' },
      { name: 'inStock', kind: 'boolean' },
      { name: 'brand', kind: 'category' },
      { name: 'colours', kind: 'tags' },
    ]);
  });

  it.each([
    ['fields.price', { fields: { price: 'money' } }],
    ['fields.price.kind', { fields: { price: { kind: 'money' } } }],
    ['fields.price.unique', { fields: { price: { kind: 'number', unique: true } } }],
    ['fields.price', { fields: { price: 3 } }],
    ['fields.id', { fields: { id: 'number' } }],
    ['fields.and', { fields: { and: 'number' } }],
    ['fields.', { fields: { '': 'number' } }],
    ['fields', {}],
    ['title', { fields: { a: 'number' }, title: 'a' }],
    ['title', { fields: { a: 'text' }, title: 'b' }],
    ['feilds', { fields: {}, feilds: {} }],
    ['catalog', null],
  ])('refuses a wrong %s', (field, definition) => {
    expect(() => defineCatalog(definition as never)).toThrowError(expect.objectContaining({ code: 'KAIRANK_INVALID_SCHEMA', field }));
  });
});

describe('growCatalog', () => {
  const stored = toRecord(catalog);
  const grow = (fields: Parameters<typeof defineCatalog>[0]['fields']): unknown => growCatalog(stored, toRecord(defineCatalog({ fields })));

  it('takes new optional fields, at the end', () => {
    expect(grow({ size: 'number', ...catalog.fields })).toMatchObject({
      fields: [...stored.fields, { name: 'size', kind: 'number', required: false }],
    });
    expect(grow({ ...catalog.fields, price: 'number' })).toMatchObject({ fields: [{ name: 'price', required: false }, {}, {}, {}, {}] });
  });

  it('names the field that differs', () => {
    const { price, inStock, colours, name } = catalog.fields;
    const fewer = { price, inStock, colours, name };
    const wrong = [
      fewer,
      { ...catalog.fields, brand: 'tags' },
      { ...catalog.fields, brand: { kind: 'category', required: true } },
    ] as const;
    for (const fields of wrong) {
      expect(() => grow(fields)).toThrowError(expect.objectContaining({ code: 'KAIRANK_INVALID_SCHEMA', field: 'catalog.fields.brand' }));
    }
    expect(() => grow({ ...catalog.fields, size: { kind: 'number', required: true } })).toThrowError(
      expect.objectContaining({ code: 'KAIRANK_INVALID_SCHEMA', field: 'catalog.fields.size' }),
    );
  });
});

describe('items', () => {
  it('pass, and are laid out in the order of the columns', () => {
    const item = checkItem(schema, 'item', { id: 'a', price: 3, colours: ['red', 'blue', 'red'], brand: null, inStock: undefined });
    expect(item).toEqual({ id: 'a', fields: { price: 3, colours: ['red', 'blue'] } });
    expect(toColumns(schema, item.fields)).toEqual([3, null, null, ['red', 'blue']]);
    expect(toColumns(schema, {})).toEqual([Number.NaN, null, null, null]);
    expect(titleOf(schema, 'a', item.fields)).toBe('a');
    expect(titleOf(schema, 'a', { name: ' Soap ' })).toBe('Soap');
  });

  it.each([
    ['KAIRANK_INVALID_SCHEMA', 'items[2].price', { id: 'a' }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].price', { id: 'a', price: Number.NaN }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].price', { id: 'a', price: null }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].inStock', { id: 'a', price: 1, inStock: 1 }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].brand', { id: 'a', price: 1, brand: '' }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].colours', { id: 'a', price: 1, colours: 'red' }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].colours', { id: 'a', price: 1, colours: ['red', 3] }],
    ['KAIRANK_INVALID_SCHEMA', 'items[2].name', { id: 'a', price: 1, name: 3 }],
    ['KAIRANK_UNKNOWN_FIELD', 'items[2].size', { id: 'a', price: 1, size: 3 }],
    ['KAIRANK_INVALID_ARGUMENT', 'items[2].id', { price: 1 }],
    ['KAIRANK_INVALID_ARGUMENT', 'items[2].id', { id: 3, price: 1 }],
    ['KAIRANK_INVALID_ARGUMENT', 'items[2]', 'a'],
  ])('are refused with %s for %s', (code, field, item) => {
    expect(() => checkItem(schema, 'items[2]', item)).toThrowError(expect.objectContaining({ code, field }));
  });

  it('never raise anything but a KairankError', () => {
    const item = fc.record({ id: fc.string(), price: fc.anything(), colours: fc.anything(), name: fc.anything() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), item), (given) => {
        try {
          checkItem(schema, 'item', given);
        } catch (error) {
          expect(error).toMatchObject({ name: 'KairankError' });
        }
      }),
    );
  });
});
