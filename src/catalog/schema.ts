/** The catalogue's definition: which fields an item has, and the TypeScript types that follow from it. */

import { KairankError } from '../errors.js';
import type { ColumnKind } from '../native.js';
import { boolean, integer, oneOf, onlyKeys, record, refuse, show, string } from '../options.js';

/** Kinds that need nothing beside their name. All but `text` can be filtered by; `text` is stored, and shown on request. */
export const PLAIN_KINDS = ['number', 'boolean', 'category', 'tags', 'text'] as const;
export type PlainKind = (typeof PLAIN_KINDS)[number];

/** Kinds of a field. A `vector` is stored, and returned on request, as `text` is; nothing filters by it. */
export const FIELD_KINDS = [...PLAIN_KINDS, 'vector'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** A field in full: its kind, and whether every item must have it (default: no). */
export interface PlainFieldSpec {
  readonly kind: PlainKind;
  readonly required?: boolean;
  readonly dim?: never;
}

/** A field of precomputed embeddings: `dim` numbers each, 1 to 4096; whether every item must have one (default: no). */
export interface VectorFieldSpec {
  readonly kind: 'vector';
  readonly dim: number;
  readonly required?: boolean;
}

export type FieldSpec = PlainFieldSpec | VectorFieldSpec;

/** A field by its kind alone, or in full; a vector in full alone, as its `dim` cannot be guessed. */
export type Field = PlainKind | FieldSpec;
export type Fields = Readonly<Record<string, Field>>;

export type KindOf<T extends Field> = T extends PlainKind ? T : T extends { readonly kind: infer K extends FieldKind } ? K : never;

/** Values as they are stored and returned. */
interface StoredByKind {
  number: number;
  boolean: boolean;
  category: string;
  tags: readonly string[];
  text: string;
  vector: Float32Array;
}
/** Values as they may be put. */
interface PutByKind extends Omit<StoredByKind, 'vector'> {
  vector: Float32Array | readonly number[];
}
export type FieldValue = StoredByKind[FieldKind];
export type PutValue = PutByKind[FieldKind];
export type ValueOf<T extends Field> = StoredByKind[KindOf<T>];
export type PutValueOf<T extends Field> = PutByKind[KindOf<T>];

/** The names of a catalogue's fields; any string where the definition is not known to the compiler. */
export type FieldName<F extends Fields> = keyof F & string;

type RequiredName<F extends Fields> = { [N in FieldName<F>]: F[N] extends { readonly required: true } ? N : never }[FieldName<F>];
type OptionalName<F extends Fields> = Exclude<FieldName<F>, RequiredName<F>>;
export type NameOfKind<F extends Fields, K extends FieldKind> = { [N in FieldName<F>]: KindOf<F[N]> extends K ? N : never }[FieldName<F>];
type Flat<T> = { [N in keyof T]: T[N] };

/** True for an engine whose catalogue the compiler does not know: everything is then checked at run time alone. */
export type IsLoose<F extends Fields> = string extends keyof F ? true : false;

/** The names of a catalogue's vector fields. */
export type VectorName<F extends Fields = Fields> = IsLoose<F> extends true ? string : NameOfKind<F, 'vector'>;

/** An item as it is put: its id beside its fields; `null` and `undefined` both mean that the field is absent. */
export type Item<F extends Fields = Fields> =
  IsLoose<F> extends true
    ? { readonly id: string; readonly [field: string]: PutValue | null | undefined }
    : Flat<
        { readonly id: string } & { readonly [N in RequiredName<F>]: PutValueOf<F[N]> } & {
          readonly [N in OptionalName<F>]?: PutValueOf<F[N]> | null | undefined;
        }
      >;

/** The fields of a stored item; absent ones are left out. */
export type StoredFields<F extends Fields = Fields> =
  IsLoose<F> extends true
    ? { [field: string]: FieldValue }
    : Flat<{ [N in RequiredName<F>]: ValueOf<F[N]> } & { [N in OptionalName<F>]?: ValueOf<F[N]> }>;

/** An item as it is stored. */
export type StoredItem<F extends Fields = Fields> = { id: string; fields: StoredFields<F> };

/** A checked definition of a catalogue. Make one with {@link defineCatalog}. */
export interface Catalog<F extends Fields = Fields> {
  readonly fields: F;
  /** The text field that names an item in the words of a reason; null: the id is shown. */
  readonly title: string | null;
}

export interface CatalogDefinition<F extends Fields> {
  fields: F;
  /** The text field that names an item in words. Default: a text field called `title` or `name`, if there is one. */
  title?: NameOfKind<F, 'text'>;
}

/** Most fields of one catalogue. */
export const MAX_FIELDS = 256;
/** Most numbers of one vector: what the kernels are tested to. */
export const MAX_VECTOR_DIM = 4096;
const MAX_NAME_LENGTH = 64;
/** Words of `where` and of an item that no field may take. */
const RESERVED = ['id', 'and', 'or', 'not', '__proto__'];

/**
 * Defines a catalogue: `defineCatalog({ fields: { price: 'number', brand: 'category', title: 'text' } })`. Items,
 * `where` and `fields` of an engine opened with it are checked by TypeScript, and again at run time.
 *
 * @throws KairankError KAIRANK_INVALID_SCHEMA naming the field that is wrong.
 */
export function defineCatalog<const F extends Fields>(definition: CatalogDefinition<F>): Catalog<F> {
  checkDefinition(definition);
  const title = definition.title ?? ['title', 'name'].find((name) => kindOf(definition.fields[name]) === 'text') ?? null;
  return Object.freeze({ fields: Object.freeze({ ...definition.fields }), title });
}

function kindOf(field: Field | undefined): FieldKind | undefined {
  return typeof field === 'object' ? field.kind : field;
}

function invalid(field: string, expected: string, received: unknown): never {
  refuse(field, expected, received, 'KAIRANK_INVALID_SCHEMA');
}

/** Runs guards that know nothing of schemas, and gives what they throw the code of a wrong schema. */
function asSchema<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof KairankError)) throw error;
    const { field, expected, received } = error;
    throw new KairankError('KAIRANK_INVALID_SCHEMA', error.message, {
      ...(field === undefined ? {} : { field }),
      ...(expected === undefined ? {} : { expected }),
      ...(received === undefined ? {} : { received }),
    });
  }
}

function checkField(name: string, value: unknown): void {
  const path = `fields.${name}`;
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) invalid(path, `a name of 1 to ${MAX_NAME_LENGTH} characters`, name);
  if (RESERVED.includes(name)) invalid(path, `a name that is not reserved (${RESERVED.join(', ')})`, name);
  if (value === 'vector') invalid(path, "a vector in full, as it needs its dim ({ kind: 'vector', dim: 512 })", value);
  if (typeof value === 'string') {
    oneOf(path, value, PLAIN_KINDS);
    return;
  }
  const spec = record(path, value);
  const kind = oneOf(`${path}.kind`, spec.kind, FIELD_KINDS);
  onlyKeys(path, spec, kind === 'vector' ? ['kind', 'required', 'dim'] : ['kind', 'required']);
  if (kind === 'vector') integer(`${path}.dim`, spec.dim, 1, MAX_VECTOR_DIM);
  if (spec.required !== undefined) boolean(`${path}.required`, spec.required);
}

function checkDefinition(value: unknown): void {
  asSchema(() => {
    const definition = record('catalog', value);
    onlyKeys('', definition, ['fields', 'title']);
    const fields = record('fields', definition.fields);
    const names = Object.keys(fields);
    if (names.length > MAX_FIELDS) invalid('fields', `at most ${MAX_FIELDS} fields`, names.length);
    for (const name of names) checkField(name, fields[name]);
    const title = definition.title;
    if (title === undefined || title === null) return;
    const named = fields[string('title', title)];
    const kind = typeof named === 'object' && named !== null && 'kind' in named ? named.kind : named;
    if (kind !== 'text') invalid('title', 'the name of a field of kind "text"', title);
  });
}

/** A field as the rooms of the façade use it. */
export interface SchemaField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** Index of the native column; -1 for text and vectors, which have none. */
  readonly column: number;
  /** Numbers of a vector; 0 for every other kind. */
  readonly dim: number;
}

/** A catalogue compiled for use: fields by name, native columns in order. */
export interface Schema {
  readonly fields: ReadonlyMap<string, SchemaField>;
  readonly columns: readonly { name: string; kind: ColumnKind }[];
  readonly title: string | null;
}

/** One field in the plain form of a catalogue. */
export type FieldRecord = { name: string; required: boolean } & ({ kind: PlainKind } | { kind: 'vector'; dim: number });

/** The plain form of a catalogue, as the folder keeps it. */
export interface CatalogRecord {
  fields: FieldRecord[];
  title: string | null;
}

/** Checks a catalogue (also one that was not made by defineCatalog) and puts it in plain form. */
export function toRecord(catalog: Catalog): CatalogRecord {
  checkDefinition(catalog);
  const fields = Object.entries(catalog.fields).map(([name, field]): FieldRecord => {
    if (typeof field === 'string') return { name, kind: field, required: false };
    const required = field.required === true;
    return field.kind === 'vector' ? { name, kind: field.kind, required, dim: field.dim } : { name, kind: field.kind, required };
  });
  return { fields, title: catalog.title ?? null };
}

/** The catalogue that a plain form stands for. */
export function fromRecord(plain: CatalogRecord): Catalog {
  const fields: Record<string, Field> = {};
  for (const field of plain.fields) {
    const required = field.required ? { required: true } : {};
    if (field.kind === 'vector') fields[field.name] = { kind: field.kind, dim: field.dim, ...required };
    else fields[field.name] = field.required ? { kind: field.kind, ...required } : field.kind;
  }
  return Object.freeze({ fields: Object.freeze(fields), title: plain.title });
}

export function compileSchema(plain: CatalogRecord): Schema {
  const fields = new Map<string, SchemaField>();
  const columns: { name: string; kind: ColumnKind }[] = [];
  for (const field of plain.fields) {
    const { name, kind, required } = field;
    const stored = kind === 'text' || kind === 'vector';
    fields.set(name, { name, kind, required, column: stored ? -1 : columns.length, dim: field.kind === 'vector' ? field.dim : 0 });
    if (!stored) columns.push({ name, kind });
  }
  return { fields, columns, title: plain.title };
}

/** The catalogue with one more optional vector field; the same when it has that field already. @throws as {@link growCatalog} */
export function withVectorField(catalog: Catalog, name: string, dim: number): Catalog {
  const stored = toRecord(catalog);
  const others = stored.fields.filter((field) => field.name !== name);
  const old = stored.fields.find((field) => field.name === name);
  const wanted = { ...stored, fields: [...others, { name, kind: 'vector' as const, required: old?.required ?? false, dim }] };
  const grown = fromRecord(growCatalog(stored, wanted));
  checkDefinition(grown);
  return grown;
}

/**
 * What a folder's catalogue becomes when it is opened with another definition. New optional fields may join; a field
 * that changes its kind or a vector's dim, goes, or becomes required (stored items may lack it) is refused by name.
 */
export function growCatalog(stored: CatalogRecord, wanted: CatalogRecord): CatalogRecord {
  const byName = new Map(wanted.fields.map((field) => [field.name, field]));
  const grown = stored.fields.map((old) => {
    const now = byName.get(old.name);
    const path = `catalog.fields.${old.name}`;
    if (!now) invalid(path, `the field that the folder stores (${old.kind})`, undefined);
    if (now.kind !== old.kind) invalid(path, `kind "${old.kind}", as the folder stores it`, now.kind);
    if (old.kind === 'vector' && now.kind === 'vector' && now.dim !== old.dim) {
      invalid(`${path}.dim`, `${old.dim}, as the folder stores it`, now.dim);
    }
    if (now.required && !old.required) invalid(path, 'an optional field, as stored items may lack it', 'a required one');
    byName.delete(old.name);
    return now;
  });
  for (const added of byName.values()) {
    if (added.required) invalid(`catalog.fields.${added.name}`, 'a new field to be optional, as stored items lack it', 'a required one');
    grown.push(added);
  }
  return { fields: grown, title: wanted.title };
}

/** The field of that name, or an error that names those there are. */
export function fieldNamed(schema: Schema, path: string, name: string): SchemaField {
  const field = schema.fields.get(name);
  if (!field) {
    const known = [...schema.fields.keys()].join(', ');
    throw new KairankError('KAIRANK_UNKNOWN_FIELD', `${path}: the catalogue has no field ${show(name)} (it has: ${known || 'none'})`, {
      field: path,
      expected: known,
      received: name,
    });
  }
  return field;
}
