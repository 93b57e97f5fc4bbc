import { describe, expect, test } from 'vitest';
import { type ItemRecords, readItems } from '../../src/evaluate/data/items.js';
import { pathsOf } from '../../src/evaluate/data/paths.js';
import { scratch } from './scratch.js';

const { write } = scratch();

/** Kinds and values by name. */
function byName({ fields }: ItemRecords): Record<string, [kind: string, values: unknown[]]> {
  return Object.fromEntries(fields.map(({ name, kind, values }) => [name, [kind, values]]));
}

describe('a file of items', () => {
  test('with tabs is read into the order of the rows, by kinds', async () => {
    const path = write(
      'items.tsv',
      [
        'item_id\ttitle\tprice\tbrand\tcategories',
        'b\tGreen "leaf" tea\t4.5\tOolong\tDrinks > Tea || Gifts',
        'a\tTeapot\t24\t\tKitchen > Pots',
        'x\tNobody took this\t1\tAcme\tKitchen',
        'a\tTeapot again\t25\t\tKitchen',
        '\tNo id\t3\tAcme\tKitchen',
        'd\ttoo\tfew',
      ].join('\n'),
    );
    const records = await readItems(path, ['a', 'b', 'c']);
    expect(byName(records)).toEqual({
      title: ['text', ['Teapot', 'Green "leaf" tea', null]],
      price: ['number', [24, 4.5, null]],
      brand: ['category', [null, 'Oolong', null]],
      categories: ['path', [[['Kitchen', 'Pots']], [['Drinks', 'Tea'], ['Gifts']], null]],
    });
    expect(records).toMatchObject({
      missing: 1,
      unused: 1,
      ignored: [],
      rejected: { 'id again': 1, 'id missing': 1, 'wrong number of fields': 1 },
    });
  });

  test('of JSON lines may hold lists and nested categories', async () => {
    const lines = [
      { id: 1, name: 'Tent', keywords: ['two', 'persons'], category: [['Outdoor', 'Tents'], ['Gifts']], waterproof: true, size: { w: 2 } },
      { id: 2, name: 'Mat', keywords: [], category: ['Outdoor > Mats'], waterproof: false },
    ];
    const path = write('items.jsonl', `${lines.map((line) => JSON.stringify(line)).join('\n')}\nnot json\n`);
    const records = await readItems(path, ['2', '1']);
    expect(byName(records)).toEqual({
      name: ['text', ['Mat', 'Tent']],
      keywords: ['text', ['', 'two, persons']],
      waterproof: ['category', ['false', 'true']],
      category: ['path', [[['Outdoor', 'Mats']], [['Outdoor', 'Tents'], ['Gifts']]]],
    });
    expect(records).toMatchObject({ missing: 0, unused: 0, ignored: ['size'], rejected: { 'not JSON': 1 } });
  });

  test('names of kinds win over looks; codes of other registers are no text', async () => {
    const rows = Array.from({ length: 2100 }, (_, item) => `${item},${item},B00${item},words of ${item},${item % 3},00${item % 7}`);
    const path = write('kinds.csv', ['id,title,asin,about,grade,shelf', ...rows].join('\n'));
    const records = await readItems(path, ['7', '8']);
    expect(byName(records)).toEqual({
      title: ['text', ['7', '8']],
      about: ['text', ['words of 7', 'words of 8']],
      grade: ['number', [1, 2]],
      shelf: ['category', ['000', '001']],
    });
    expect(records).toMatchObject({ unused: 2098, ignored: ['asin'] });
  });

  test.each([
    ['no-id.csv', 'name,price\nTea,4\n', 'KAIRANK_INVALID_ARGUMENT', /id: expected the column of the item's id \(one of name, price\)/],
    ['others.csv', 'id,title\nx,Tea\n', 'KAIRANK_INVALID_ARGUMENT', /items: expected .* column id .* such as a, got "x"/],
    ['no-ids.csv', 'id,title\n,Tea\n', 'KAIRANK_INVALID_ARGUMENT', /items: expected .*, got "none"/],
    ['empty.csv', 'id,title\n', 'KAIRANK_CORRUPT_FILE', /empty\.csv: has no items/],
  ])('%s is refused', async (name, content, code, message) => {
    const reading = readItems(write(name, content), ['a']);
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  test('that is not there is named', async () => {
    await expect(readItems('nowhere.csv', ['a'])).rejects.toMatchObject({ code: 'KAIRANK_IO', field: 'nowhere.csv' });
  });
});

test.each([
  [
    'a > b||c>d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['a > b | a>b', [['a', 'b']]],
  [' > || ', []],
  [12, [['12']]],
  [
    ['a', 'b > c'],
    [['a'], ['b', 'c']],
  ],
  [[['a', 'b', 7], []], [['a', 'b', '7']]],
  [null, []],
  [{ a: 1 }, []],
])('the paths of %j', (value, paths) => {
  expect(pathsOf(value)).toEqual(paths);
});
