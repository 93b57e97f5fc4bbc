import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KairankError } from '../../src/errors.js';
import { createItemAdapter, ItemShapeFinder } from '../../src/shopper/adapters/items.js';
import { createMappingAdapter, type MappingOptions, parseColumnMap } from '../../src/shopper/adapters/mapping.js';
import { createOnlineRetailAdapter } from '../../src/shopper/adapters/online-retail.js';
import { parseIso, parseMonthFirst, TimeReader } from '../../src/shopper/adapters/times.js';

describe('times', () => {
  test.each([
    ['2010-12-01', Date.UTC(2010, 11, 1)],
    ['2010-12-01 08:26', Date.UTC(2010, 11, 1, 8, 26)],
    ['2010-12-01T08:26:30Z', Date.UTC(2010, 11, 1, 8, 26, 30)],
    ['2010-12-01T08:26:30.250', Date.UTC(2010, 11, 1, 8, 26, 30, 250)],
    ['2010-12-01T08:26:30.123456789Z', Date.UTC(2010, 11, 1, 8, 26, 30, 123)],
    ['2010-12-01T08:26:30+02:00', Date.UTC(2010, 11, 1, 6, 26, 30)],
    ['2010-12-01T08:26:30-0530', Date.UTC(2010, 11, 1, 13, 56, 30)],
    ['2010-12-01T08:26:30+02', Date.UTC(2010, 11, 1, 6, 26, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
  ])('%s is read as ISO 8601, in UTC where no zone is given', (text, time) => {
    expect(parseIso(text)).toBe(time);
  });

  test.each(['2023-02-29', '2010-13-01', '2010-12-01 25:00', '12/1/2010 8:26', 'yesterday', '', '2010'])('%s is no such time', (text) => {
    expect(parseIso(text)).toBeUndefined();
  });

  test('spreadsheets write the month first', () => {
    expect(parseMonthFirst('12/1/2010 8:26')).toBe(Date.UTC(2010, 11, 1, 8, 26));
    expect(parseMonthFirst('2/30/2010 8:26')).toBeUndefined();
  });

  test('any time in any unit comes back, and the unit is found from the sample', () => {
    const units = [
      ['seconds', 1e-3],
      ['milliseconds', 1],
      ['microseconds', 1e3],
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...units),
        fc.array(fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2090, 0) }), { minLength: 1 }),
        fc.boolean(),
        ([unit, factor], times, asText) => {
          const values = times.map((time) => Math.floor(time / 1000) * 1000 * factor).map((value) => (asText ? String(value) : value));
          const reader = new TimeReader();
          reader.prepare(values);
          expect(reader.description).toBe(unit);
          expect(values.map((value) => reader.read(value))).toEqual(times.map((time) => Math.floor(time / 1000) * 1000));
        },
      ),
    );
  });

  test('a number in another unit than the rest is refused: it would be decades off', () => {
    const reader = new TimeReader();
    reader.prepare([1700000000, 1700000001, 1700000002000]);
    expect(reader.read(1700000003)).toBe(1700000003000);
    expect(reader.read(1700000002000)).toBeUndefined();
    expect(new TimeReader('milliseconds').read(5)).toBe(5);
  });
});

describe('a mapping', () => {
  const map = { user: 'u', item: 'i', at: 't', type: 'k', value: 'v', query: 'q' };
  const adapt = (fields: Record<string, unknown>, options: Partial<MappingOptions> = {}) => {
    const adapter = createMappingAdapter({ map, ...options }, undefined);
    adapter.prepare([fields]);
    return adapter.adapt(fields);
  };

  test('makes events', () => {
    expect(adapt({ u: ' ann ', i: 7, t: '2024-01-01', k: 'view' })).toEqual({
      event: { user: 'ann', item: '7', type: 'view', at: Date.UTC(2024, 0, 1) },
    });
    expect(adapt({ u: 'a', i: 'x', t: 0 })).toEqual({ event: { user: 'a', item: 'x', type: 'purchase', at: 0 } });
    expect(adapt({ u: 'a', t: 0, k: 'search', q: 'red shoes' })).toEqual({
      event: { user: 'a', type: 'search', at: 0, query: 'red shoes' },
    });
    expect(adapt({ u: 'a', i: 'x', t: 0, k: 'Remove_From_Cart' })).toMatchObject({ event: { type: 'remove-from-cart' } });
    expect(adapt({ u: 'a', i: 'x', t: 0, k: 'addtocart' }, { types: { addtocart: 'cart' } })).toMatchObject({ event: { type: 'cart' } });
    expect(adapt({ u: 'a', i: 'x', t: 0, k: 'gift' }, { ownTypes: ['gift'] })).toMatchObject({ event: { type: 'gift' } });
  });

  test.each([
    [{ i: 'x', t: 0 }, 'user missing'],
    [{ u: '  ', i: 'x', t: 0 }, 'user missing'],
    [{ u: { id: 1 }, i: 'x', t: 0 }, 'user missing'],
    [{ u: 'x'.repeat(513), i: 'x', t: 0 }, 'user too long'],
    [{ u: 'a', t: 0 }, 'item missing'],
    [{ u: 'a', i: 'x' }, 'at missing'],
    [{ u: 'a', i: 'x', t: 'soon' }, 'at unreadable'],
    [{ u: 'a', i: 'x', t: 1e300 }, 'at unreadable'],
    [{ u: 'a', i: 'x', t: 0, k: 'teleport' }, 'type unknown'],
    [{ u: 'a', i: 'x', t: 0, k: 'rating' }, 'value missing'],
    [{ u: 'a', i: 'x', t: 0, k: 'rating', v: 5 }, 'value out of range'],
    [{ u: 'a', i: 'x', t: 0, v: 'much' }, 'value unreadable'],
    [{ u: 'a', t: 0, k: 'search' }, 'query missing'],
  ])('rejects %j: %s', (fields, reason) => {
    expect(adapt(fields)).toEqual({ rejected: reason });
  });

  test('reaches into objects by dots, unless a column is called so', () => {
    const adapter = createMappingAdapter({ map: { user: 'buyer.id', item: 'a.b', at: 't' } }, undefined);
    expect(adapter.adapt({ buyer: { id: 'ann' }, 'a.b': 'x', a: { b: 'y' }, t: 0 })).toMatchObject({ event: { user: 'ann', item: 'x' } });
    expect(adapter.adapt({ buyer: 5, 'a.b': 'x', t: 0 })).toEqual({ rejected: 'user missing' });
  });

  test('is checked against the columns of the file, and must name user, item and at', () => {
    const make = (columns: string[], given: object) => () => createMappingAdapter({ map: given }, columns);
    expect(make(['u', 'i'], { user: 'u', item: 'i' })).toThrow(/at=COLUMN/);
    expect(make(['u', 'i', 't'], { user: 'u', item: 'i', at: 'time' })).toThrow(/map\.at: .*\(u, i, t\).*"time"/);
    expect(parseColumnMap('--map', 'user=Customer ID, item=sku,at=time')).toEqual({ user: 'Customer ID', item: 'sku', at: 'time' });
    for (const text of ['user', 'user=', 'user=a=b', 'who=a', 'user=a,user=b', ''])
      expect(() => parseColumnMap('--map', text)).toThrow(KairankError);
  });

  test('no record is fatal', () => {
    const adapter = createMappingAdapter({ map }, undefined);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('u', 'i', 't', 'k', 'v', 'q'), fc.anything()), (fields) => {
        const adapted = adapter.adapt(fields);
        expect('event' in adapted || typeof adapted.rejected === 'string').toBe(true);
      }),
    );
  });
});

describe('Online Retail', () => {
  const newer = {
    Invoice: '489434',
    StockCode: '85123a',
    Description: ' WHITE HANGER ',
    Quantity: 6,
    InvoiceDate: '2009-12-01 07:45:00',
    Price: 2.55,
    'Customer ID': 13085,
  };
  const older = {
    InvoiceNo: '536365',
    StockCode: '85123A',
    Description: 'WHITE HANGER',
    Quantity: '6',
    InvoiceDate: '12/1/2010 8:26',
    UnitPrice: '2.55',
    CustomerID: '17850.0',
  };

  test('both namings of the columns are read', () => {
    expect(createOnlineRetailAdapter(Object.keys(newer)).adapt(newer)).toEqual({
      event: {
        user: '13085',
        item: '85123A',
        type: 'purchase',
        at: Date.UTC(2009, 11, 1, 7, 45),
        id: '489434:85123A',
        session: '489434',
        value: 2.55,
        quantity: 6,
      },
    });
    expect(createOnlineRetailAdapter(Object.keys(older)).adapt(older)).toMatchObject({
      event: { user: '17850', at: Date.UTC(2010, 11, 1, 8, 26), quantity: 6 },
    });
    expect(() => createOnlineRetailAdapter(['Invoice', 'StockCode'])).toThrow(/Description/);
  });

  test.each([
    [{ 'Customer ID': null }, { event: { user: 'invoice:489434', type: 'purchase' }, anonymous: true }],
    [{ Invoice: 'C489449', Quantity: -12 }, { event: { user: '13085', type: 'return', quantity: 12 } }],
    [{ Quantity: -1 }, { event: { type: 'return' } }],
    [{ Invoice: 'C489449', Quantity: -12, 'Customer ID': null }, { rejected: 'return without a customer' }],
    [{ Price: 0 }, { rejected: 'price not above 0' }],
    [{ Price: -5 }, { rejected: 'price not above 0' }],
    [{ Quantity: 0 }, { rejected: 'quantity of 0' }],
    [{ Quantity: 'many' }, { rejected: 'quantity unreadable' }],
    [{ Price: null }, { rejected: 'price unreadable' }],
    [{ InvoiceDate: 'never' }, { rejected: 'at unreadable' }],
    [{ StockCode: null }, { rejected: 'item missing' }],
    [{ Invoice: '' }, { rejected: 'invoice missing' }],
  ])('%j', (change, expected) => {
    expect(createOnlineRetailAdapter(Object.keys(newer)).adapt({ ...newer, ...change })).toMatchObject(expected);
  });

  test('the lines of an invoice have ids of their own, the same when the file comes again', () => {
    const ids = (): unknown[] => {
      const adapter = createOnlineRetailAdapter(Object.keys(newer));
      return [newer, newer, { ...newer, StockCode: '1' }].map((fields) => {
        const adapted = adapter.adapt(fields);
        return 'event' in adapted ? adapted.event.id : undefined;
      });
    };
    expect(ids()).toEqual(['489434:85123A', '489434:85123A:2', '489434:1']);
    expect(ids()).toEqual(ids());
  });

  test('items carry the latest title and price they were sold with', () => {
    const adapter = createOnlineRetailAdapter(Object.keys(newer));
    for (const change of [{}, { Price: 3 }, { Description: null, Price: 4 }, { Description: 'damaged', Price: 0 }])
      adapter.adapt({ ...newer, ...change });
    expect([...adapter.items]).toEqual([['85123A', { title: 'WHITE HANGER', price: 4 }]]);
  });
});

describe('items', () => {
  const shapeOf = (records: Record<string, unknown>[], id?: string) => {
    const finder = new ItemShapeFinder();
    for (const fields of records) finder.add(fields);
    return finder.shape(id);
  };

  test('the kinds of fields are guessed from all values', () => {
    const shape = shapeOf([
      {
        sku: 'a',
        title: 'Tent',
        price: '12.50',
        stock: 3,
        sale: 'true',
        brand: 'Tarn',
        tags: ['x'],
        zip: '01234',
        note: 'y'.repeat(90),
        nested: { a: 1 },
        empty: '',
      },
      {
        sku: 'b',
        title: 'Mat',
        price: '',
        stock: '7',
        sale: 'false',
        brand: 'Fjell',
        tags: [],
        zip: '99999',
        note: null,
        nested: null,
        empty: null,
      },
    ]);
    expect(shape).toEqual({
      id: 'sku',
      fields: {
        title: 'text',
        price: 'number',
        stock: 'number',
        sale: 'boolean',
        brand: 'category',
        tags: 'tags',
        zip: 'category',
        note: 'text',
      },
      ignored: ['nested', 'empty'],
    });
  });

  test('the id is found by its name, or given; a wrong one is refused', () => {
    expect(shapeOf([{ Item_ID: 1, x: 2 }]).id).toBe('Item_ID');
    expect(shapeOf([{ Item_ID: 1, x: 2 }], 'x').id).toBe('x');
    expect(() => shapeOf([{ what: 1 }])).toThrow(/id: .*what/);
    expect(() => shapeOf([{ what: 1 }], 'nope')).toThrow(/nope/);
  });

  test('more columns than a catalogue has fields: the ones that most items have are kept', () => {
    const wide: Record<string, unknown> = { id: 'a' };
    for (let column = 0; column < 300; column++) wide[`c${column}`] = 1;
    const records = [wide, { id: 'b', c299: 1 }];
    const shape = shapeOf(records);
    expect(Object.keys(shape.fields)).toHaveLength(256);
    expect(shape.fields).toHaveProperty('c299');
    expect(shape.ignored).toHaveLength(44);
  });

  test('records become items by these kinds, or are rejected', () => {
    const adapter = createItemAdapter({
      id: 'id',
      fields: { price: 'number', tags: 'tags', sale: 'boolean', brand: 'category' },
      ignored: [],
    });
    expect(adapter.adapt({ id: 5, price: '3', tags: 'a|b', sale: 'true', brand: 'T ', other: 1 })).toEqual({
      item: { id: '5', price: 3, tags: ['a', 'b'], sale: true, brand: 'T' },
    });
    expect(adapter.adapt({ id: 'x', price: null, brand: '' })).toEqual({ item: { id: 'x' } });
    expect(adapter.adapt({ price: 3 })).toEqual({ rejected: 'id missing' });
    expect(adapter.adapt({ id: 'x', price: 'cheap' })).toEqual({ rejected: 'price not a number' });
  });
});
