/** `where`: which items may be shown, as conditions on the catalogue's typed fields, compiled to native steps. */

import type { FilterStep } from '../native.js';
import { array, boolean, onlyKeys, record, refuse } from '../options.js';
import {
  type FieldKind,
  type Fields,
  fieldNamed,
  type IsLoose,
  type KindOf,
  type NameOfKind,
  type Schema,
  type SchemaField,
} from './schema.js';

export interface NumberCondition {
  equals?: number;
  in?: readonly number[];
  gte?: number;
  gt?: number;
  lte?: number;
  lt?: number;
  /** Whether the item has the field at all. */
  exists?: boolean;
}
export interface BooleanCondition {
  equals?: boolean;
  exists?: boolean;
}
export interface CategoryCondition {
  equals?: string;
  in?: readonly string[];
  exists?: boolean;
}
export interface TagsCondition {
  /** The item carries this tag. */
  has?: string;
  /** The item carries at least one of these. */
  in?: readonly string[];
  /** The item carries every one of these. */
  all?: readonly string[];
  /** Whether the item has any tag. */
  exists?: boolean;
}
interface ConditionByKind {
  number: number | NumberCondition;
  boolean: boolean | BooleanCondition;
  category: string | CategoryCondition;
  tags: string | TagsCondition;
}
type FilterKind = keyof ConditionByKind;
type ConditionOf<K> = K extends FilterKind ? ConditionByKind[K] : never;

/**
 * Conditions that all must hold. A bare value means equality (for tags: carries it). `and`, `or` and `not` nest:
 * `{ price: { lt: 20 }, or: [{ brand: 'acme' }, { colours: { has: 'red' } }] }`. An item without the field fails
 * every condition on it but `exists: false`. An empty `or` or `in` lets nothing through, an empty `and` everything.
 */
export type Where<F extends Fields = Fields> =
  IsLoose<F> extends true
    ? { readonly [field: string]: unknown }
    : { readonly [N in NameOfKind<F, FilterKind>]?: ConditionOf<KindOf<F[N]>> } & {
        readonly and?: readonly Where<F>[];
        readonly or?: readonly Where<F>[];
        readonly not?: Where<F>;
      };

/** Deepest nesting of and, or, not. */
export const MAX_DEPTH = 32;
/** Most native steps of one filter. */
export const MAX_STEPS = 4096;
/** Most values of one `in` or `all`. */
export const MAX_VALUES = 10_000;

type Scalar = number | boolean | string;

const WORDS: Readonly<Record<FieldKind, readonly string[]>> = {
  number: ['equals', 'in', 'gte', 'gt', 'lte', 'lt', 'exists'],
  boolean: ['equals', 'exists'],
  category: ['equals', 'in', 'exists'],
  tags: ['has', 'in', 'all', 'exists'],
  text: [],
  vector: [],
};

class Compiler {
  readonly steps: FilterStep[] = [];

  constructor(private readonly schema: Schema) {}

  /** Emits the conditions of one object and joins them by `and`. */
  where(path: string, value: unknown, depth: number): void {
    if (depth > MAX_DEPTH) refuse(path, `at most ${MAX_DEPTH} levels of and, or, not`, value);
    const conditions = record(path, value);
    let count = 0;
    for (const [name, condition] of Object.entries(conditions)) {
      if (condition === undefined) continue;
      const at = path === '' ? name : `${path}.${name}`;
      if (name === 'and' || name === 'or') this.#group(at, name, condition, depth);
      else if (name === 'not') {
        this.where(at, condition, depth + 1);
        this.#emit(at, { op: 'not' });
      } else this.#field(at, fieldNamed(this.schema, at, name), condition);
      count++;
    }
    this.#join(path, 'and', count);
  }

  #emit(path: string, step: FilterStep): void {
    if (this.steps.length >= MAX_STEPS) refuse(path, `a filter of at most ${MAX_STEPS} conditions`, `${this.steps.length + 1} conditions`);
    this.steps.push(step);
  }

  /** Makes one result of `count` results on the stack; of none, what an empty and (everything) or or (nothing) means. */
  #join(path: string, op: 'and' | 'or', count: number): void {
    if (count > 1) this.#emit(path, { op, count });
    if (count > 0) return;
    this.#emit(path, { op: 'all' });
    if (op === 'or') this.#emit(path, { op: 'not' });
  }

  #group(path: string, op: 'and' | 'or', value: unknown, depth: number): void {
    const parts = array(path, value);
    for (const [index, part] of parts.entries()) this.where(`${path}[${index}]`, part, depth + 1);
    this.#join(path, op, parts.length);
  }

  #field(path: string, field: SchemaField, condition: unknown): void {
    if (field.kind === 'text' || field.kind === 'vector') {
      refuse(path, `a field that can be filtered by (a ${field.kind} field cannot)`, condition);
    }
    if (typeof condition !== 'object' || condition === null) {
      this.#emit(path, { op: 'equals', column: field.column, value: this.#scalar(path, field, condition) });
      return;
    }
    const words = record(path, condition);
    onlyKeys(path, words, WORDS[field.kind]);
    let count = 0;
    for (const word of ['equals', 'has'] as const) {
      if (words[word] === undefined) continue;
      this.#emit(path, { op: 'equals', column: field.column, value: this.#scalar(`${path}.${word}`, field, words[word]) });
      count++;
    }
    if (words.in !== undefined) {
      this.#emit(path, { op: 'in', column: field.column, values: this.#scalars(`${path}.in`, field, words.in) });
      count++;
    }
    if (words.all !== undefined) {
      const values = this.#scalars(`${path}.all`, field, words.all);
      for (const value of values) this.#emit(path, { op: 'equals', column: field.column, value });
      this.#join(path, 'and', values.length);
      count++;
    }
    count += this.#range(path, field, words);
    if (words.exists !== undefined) {
      this.#emit(path, { op: 'has', column: field.column });
      if (!boolean(`${path}.exists`, words.exists)) this.#emit(path, { op: 'not' });
      count++;
    }
    if (count === 0) refuse(path, `at least one of ${WORDS[field.kind].join(', ')}`, condition);
    this.#join(path, 'and', count);
  }

  #range(path: string, field: SchemaField, words: Record<string, unknown>): number {
    const bound = (word: string): number | undefined => {
      if (words[word] === undefined) return undefined;
      const value = this.#scalar(`${path}.${word}`, field, words[word]);
      return typeof value === 'number' ? value : undefined;
    };
    const [gte, gt, lte, lt] = [bound('gte'), bound('gt'), bound('lte'), bound('lt')];
    if (gte === undefined && gt === undefined && lte === undefined && lt === undefined) return 0;
    const min = Math.max(gte ?? Number.NEGATIVE_INFINITY, gt ?? Number.NEGATIVE_INFINITY);
    const max = Math.min(lte ?? Number.POSITIVE_INFINITY, lt ?? Number.POSITIVE_INFINITY);
    this.#emit(path, { op: 'range', column: field.column, min, max, minOpen: gt === min, maxOpen: lt === max });
    return 1;
  }

  #scalar(path: string, field: SchemaField, value: unknown): Scalar {
    if (field.kind === 'number') {
      if (typeof value !== 'number' || !Number.isFinite(value)) refuse(path, 'a finite number', value);
    } else if (field.kind === 'boolean') {
      if (typeof value !== 'boolean') refuse(path, 'true or false', value);
    } else if (typeof value !== 'string') refuse(path, 'a string', value);
    return value;
  }

  #scalars(path: string, field: SchemaField, value: unknown): Scalar[] {
    const values = array(path, value);
    if (values.length > MAX_VALUES) refuse(path, `at most ${MAX_VALUES} values`, value);
    return values.map((one, index) => this.#scalar(`${path}[${index}]`, field, one));
  }
}

/**
 * Compiles a `where` to the postfix steps of the native filter.
 * @throws KairankError KAIRANK_UNKNOWN_FIELD, KAIRANK_INVALID_ARGUMENT naming the path
 */
export function compileWhere(schema: Schema, value: unknown): FilterStep[] {
  const compiler = new Compiler(schema);
  compiler.where('where', value, 0);
  return compiler.steps;
}
