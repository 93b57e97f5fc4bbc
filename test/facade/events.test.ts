import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_WEIGHTS, EVENT_TYPES } from '../../src/index.js';
import { EventTypeTable, growEventTypes, parseEventTypes } from '../../src/shopper/event-types.js';
import { checkEvent, weightOf } from '../../src/shopper/validate.js';

const NONE = { own: [], weights: {} };
const types = new EventTypeTable(growEventTypes(NONE, { wishlist: { weight: 2 }, view: { weight: 0.1 } }));
const check = (event: unknown): ReturnType<typeof checkEvent> => checkEvent(types, 'events[3]', event, 1000);

describe('the table of event types', () => {
  it('keeps the places of known types and adds new ones at the end', () => {
    expect(types.names).toEqual([...EVENT_TYPES, 'wishlist']);
    expect(types.weight(types.index('t', 'wishlist'))).toBe(2);
    expect(types.weight(types.index('t', 'view'))).toBe(0.1);
    expect(types.weight(types.index('t', 'purchase'))).toBe(DEFAULT_WEIGHTS.purchase);
    const grown = growEventTypes(growEventTypes(NONE, { b: { weight: 1 }, c: { weight: 1 } }), { a: { weight: 3 }, c: { weight: 4 } });
    expect(grown).toEqual({ own: ['b', 'c', 'a'], weights: { a: 3, b: 1, c: 4 } });
    expect(growEventTypes(grown, undefined)).toEqual(grown);
  });

  it('tells a dismissal from a purchase', () => {
    expect(DEFAULT_WEIGHTS.purchase).toBeGreaterThan(DEFAULT_WEIGHTS.view);
    for (const type of ['dismiss', 'return', 'remove-from-cart'] as const) expect(DEFAULT_WEIGHTS[type]).toBeLessThan(0);
    for (const type of ['search', 'impression'] as const) expect(DEFAULT_WEIGHTS[type]).toBe(0);
  });

  it.each([
    [{ '': { weight: 1 } }],
    [{ ' a': { weight: 1 } }],
    [{ a: { weight: Number.NaN } }],
    [{ a: { weight: 101 } }],
    [{ a: 1 }],
    [{ a: { wieght: 1 } }],
    [[]],
    [{ __proto__x: { weight: 1 } }],
  ])('refuses %j', (given) => {
    expect(() => growEventTypes(NONE, given)).toThrowError(expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT' }));
  });

  it('is refused when the folder holds an altered one', () => {
    for (const stored of [null, {}, { own: [1], weights: {} }, { own: [], weights: { a: 'x' } }]) {
      expect(() => parseEventTypes(stored, 'data.mdb')).toThrowError(expect.objectContaining({ code: 'KAIRANK_CORRUPT_FILE' }));
    }
  });
});

describe('events', () => {
  it('pass with all they carry', () => {
    expect(
      check({
        user: 'u',
        item: 'i',
        type: 'impression',
        at: '2024-05-01T12:00:00Z',
        id: 'e1',
        requestId: 'r',
        position: 0,
        propensity: 0.5,
        modelVersion: 'm',
      }),
    ).toEqual({
      user: 'u',
      item: 'i',
      type: EVENT_TYPES.indexOf('impression'),
      at: Date.UTC(2024, 4, 1, 12),
      id: 'e1',
      value: Number.NaN,
      extras: { requestId: 'r', position: 0, propensity: 0.5, modelVersion: 'm' },
    });
    expect(check({ user: 'u', type: 'search', query: 'shoes' })).toMatchObject({ item: '', at: 1000, id: '', extras: { query: 'shoes' } });
    expect(check({ user: 'u', item: 'i', type: 'purchase', at: new Date(5), value: 9.5, quantity: 2, session: 's' })).toMatchObject({
      at: 5,
      value: 9.5,
      extras: { quantity: 2, session: 's' },
    });
  });

  it('weigh as their type says, a rating by its value', () => {
    const weight = (event: unknown): number => {
      const { type, value } = check(event);
      return weightOf(types, type, value);
    };
    expect(weight({ user: 'u', item: 'i', type: 'purchase', value: 30 })).toBe(1);
    expect(weight({ user: 'u', item: 'i', type: 'rating', value: -0.5 })).toBe(-0.5);
    expect(weight({ user: 'u', item: 'i', type: 'dismiss' })).toBe(-1);
    expect(weight({ user: 'u', item: 'i', type: 'wishlist' })).toBe(2);
  });

  it.each([
    ['type', { type: 'veiw' }],
    ['type', { type: undefined }],
    ['user', { user: '' }],
    ['user', { user: 7 }],
    ['user', { user: 'x'.repeat(513) }],
    ['user', { user: '\ud800' }],
    ['item', { item: undefined }],
    ['item', { item: null }],
    ['at', { at: 'yesterday' }],
    ['at', { at: Number.NaN }],
    ['at', { at: new Date(Number.NaN) }],
    ['at', { at: 1e17 }],
    ['at', { at: null }],
    ['value', { value: '3' }],
    ['value', { type: 'rating' }],
    ['value', { type: 'rating', value: 5 }],
    ['query', { type: 'search' }],
    ['quantity', { quantity: 0 }],
    ['position', { position: 1.5 }],
    ['position', { position: -1 }],
    ['propensity', { propensity: 0 }],
    ['propensity', { propensity: 1.1 }],
    ['itme', { itme: 'i' }],
  ])('are refused for a wrong %s: %j', (field, change) => {
    expect(() => check({ user: 'u', item: 'i', type: 'view', ...change })).toThrowError(
      expect.objectContaining({ code: 'KAIRANK_INVALID_ARGUMENT', field: `events[3].${field}` }),
    );
  });

  it('never raise anything but a KairankError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({ user: fc.string(), item: fc.anything(), type: fc.constantFrom(...EVENT_TYPES), at: fc.anything() }),
        ),
        (event) => {
          try {
            check(event);
          } catch (error) {
            expect(error).toMatchObject({ name: 'KairankError', code: 'KAIRANK_INVALID_ARGUMENT' });
          }
        },
      ),
    );
  });
});
