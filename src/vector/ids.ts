/** Ids of an index: all strings or all numbers, and how each kind crosses into the core and back. */

import type { NativeHits, NativeIds } from '../native-vector.js';
import { array, id as checkId, isId, number, refuse } from '../options.js';

/** What vectors are put under: strings of 1 to 512 characters, or finite numbers. */
export type Id = string | number;

export type IdKind = 'string' | 'number';

/** The ids of an index that was made with `ids: K`. */
export type IdOf<K extends IdKind> = K extends 'number' ? number : string;

/** Several ids: an array, or a typed array where ids are numbers. */
export type Ids<T extends Id> = readonly T[] | (number extends T ? Uint32Array | Float64Array : never);

/** One kind of ids. */
export interface IdType<T extends Id> {
  readonly kind: IdKind;
  /** @throws KairankError KAIRANK_INVALID_ARGUMENT naming the id that is none */
  one(field: string, value: unknown): T;
  many(field: string, value: unknown): NativeIds;
  /** Ids from `begin` to before `end` of what a search brought. */
  found(ids: NativeHits['ids'], begin: number, end: number): T[];
}

function areIds(field: string, values: readonly unknown[]): values is readonly string[] {
  for (let i = 0; i < values.length; i++) {
    if (!isId(values[i])) checkId(`${field}[${i}]`, values[i]);
  }
  return true;
}

const STRINGS: IdType<string> = {
  kind: 'string',
  one: checkId,
  many: (field, value) => {
    const ids = array(field, value);
    return areIds(field, ids) ? ids : [];
  },
  found: (ids, begin, end) => (Array.isArray(ids) ? ids.slice(begin, end) : Array.from(ids.subarray(begin, end), String)),
};

const NUMBERS: IdType<number> = {
  kind: 'number',
  one: (field, value) => number(field, value),
  many: (field, value) => {
    if (value instanceof Uint32Array) return Float64Array.from(value);
    if (!(value instanceof Float64Array) && !Array.isArray(value)) {
      refuse(field, 'an array of numbers, a Uint32Array or a Float64Array', value);
    }
    const given: ArrayLike<unknown> = value;
    const ids = new Float64Array(given.length);
    for (let i = 0; i < ids.length; i++) {
      const one = given[i];
      ids[i] = typeof one === 'number' && Number.isFinite(one) ? one : number(`${field}[${i}]`, one);
    }
    return ids;
  },
  found: (ids, begin, end) => {
    const found: number[] = [];
    for (let i = begin; i < end; i++) found.push(Number(ids[i]));
    return found;
  },
};

const TYPES: { readonly [K in IdKind]: IdType<IdOf<K>> } = { string: STRINGS, number: NUMBERS };

export function idTypeOf<K extends IdKind>(kind: K): IdType<IdOf<K>> {
  return TYPES[kind];
}
