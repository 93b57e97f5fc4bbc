/** `where`: which items may be shown, as conditions on the catalogue's typed fields. */

import type { Fields, IsLoose, KindOf, NameOfKind } from './schema.js';

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
 * every condition on it but `exists: false`.
 */
export type Where<F extends Fields = Fields> =
  IsLoose<F> extends true
    ? { readonly [field: string]: unknown }
    : { readonly [N in NameOfKind<F, FilterKind>]?: ConditionOf<KindOf<F[N]>> } & {
        readonly and?: readonly Where<F>[];
        readonly or?: readonly Where<F>[];
        readonly not?: Where<F>;
      };
