/** Items against the catalogue's schema: checked, and laid out in the order of the native columns. */

import type { ColumnValue } from '../native.js';
import { id as checkId, isId, MAX_ID_LENGTH, record, refuse, show } from '../options.js';
import { type FieldValue, fieldNamed, type PlainKind, type Schema, type SchemaField } from './schema.js';
import { checkVector, expectedVector } from './vectors.js';

/** An item that passed; absent fields are left out. */
export interface CheckedItem {
  id: string;
  fields: Record<string, FieldValue>;
}

const MAX_TAGS = 1024;
const MAX_TEXT_LENGTH = 1 << 20;

const EXPECTED: Readonly<Record<PlainKind, string>> = {
  number: 'a finite number',
  boolean: 'true or false',
  category: `a string of 1 to ${MAX_ID_LENGTH} characters`,
  tags: `an array of at most ${MAX_TAGS} strings of 1 to ${MAX_ID_LENGTH} characters`,
  text: `a string of at most ${MAX_TEXT_LENGTH} characters`,
};

function expected({ kind, dim }: SchemaField): string {
  return kind === 'vector' ? expectedVector(dim) : EXPECTED[kind];
}

/** The value as it is stored, or undefined when it is not of that kind. Arrays are copied: the caller may change theirs. */
function accept(kind: PlainKind, value: unknown): FieldValue | undefined {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'category':
      return isId(value) ? value : undefined;
    case 'tags':
      return Array.isArray(value) && value.length <= MAX_TAGS && value.every(isId) ? [...new Set(value)] : undefined;
    case 'text':
      return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH ? value : undefined;
  }
}

/** Checks one value of one field; the error names the path and what was expected. */
export function checkValue(path: string, field: SchemaField, value: unknown): FieldValue {
  if (field.kind === 'vector') return checkVector(path, field.dim, value);
  const accepted = accept(field.kind, value);
  if (accepted === undefined) refuse(path, EXPECTED[field.kind], value, 'KAIRANK_INVALID_SCHEMA');
  return accepted;
}

/**
 * Checks an item: an id, known fields of the right kinds, nothing missing that is required.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT (the id), KAIRANK_UNKNOWN_FIELD, KAIRANK_INVALID_SCHEMA
 */
export function checkItem(schema: Schema, path: string, value: unknown): CheckedItem {
  const item = record(path, value);
  const id = checkId(`${path}.id`, item.id);
  const fields: Record<string, FieldValue> = {};
  for (const name of Object.keys(item)) {
    if (name === 'id') continue;
    const given = item[name];
    const field = fieldNamed(schema, `${path}.${name}`, name);
    if (given !== undefined && given !== null) fields[name] = checkValue(`${path}.${name}`, field, given);
  }
  for (const field of schema.fields.values()) {
    if (field.required && !Object.hasOwn(fields, field.name)) {
      refuse(`${path}.${field.name}`, `${expected(field)}, as the field is required`, item[field.name], 'KAIRANK_INVALID_SCHEMA');
    }
  }
  return { id, fields };
}

/** The values of an item in the order of the native columns. */
export function toColumns(schema: Schema, fields: Readonly<Record<string, FieldValue>>): ColumnValue[] {
  return schema.columns.map(({ name, kind }) => {
    const value = fields[name];
    // A vector has no column; the compiler cannot know that.
    if (value === undefined || value instanceof Float32Array) return kind === 'number' ? Number.NaN : null;
    return value;
  });
}

/** The name of an item in words: its title where it has one, else its id. */
export function titleOf(schema: Schema, id: string, fields: Readonly<Record<string, FieldValue>> | undefined): string {
  const title = schema.title === null ? undefined : fields?.[schema.title];
  return typeof title === 'string' && title.trim() !== '' ? title.trim() : id;
}

/** Ids as a list: one, or several. */
export function checkIds(path: string, value: unknown): string[] {
  if (typeof value === 'string') return [checkId(path, value)];
  if (!Array.isArray(value)) refuse(path, 'an id, or an array of ids', value);
  return value.map((one, index) => checkId(`${path}[${index}]`, one));
}

/** Names of fields to return, each known. */
export function checkFieldNames(schema: Schema, path: string, value: unknown): string[] {
  if (!Array.isArray(value)) refuse(path, 'an array of field names', value);
  return value.map((name: unknown, index) => {
    if (typeof name !== 'string') refuse(`${path}[${index}]`, 'the name of a field', show(name));
    return fieldNamed(schema, `${path}[${index}]`, name).name;
  });
}
