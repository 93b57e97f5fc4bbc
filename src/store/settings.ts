/** The records that say what a folder is; checked on reading, as a file may have been altered. */

import { type CatalogRecord, FIELD_KINDS, type FieldRecord, MAX_VECTOR_DIM } from '../catalog/schema.js';
import { KairankError } from '../errors.js';
import { show } from '../options.js';
import { parseEventTypes } from '../shopper/event-types.js';
import type { CurrentBundle, OnlineState, StoreSettings } from './store.js';

const FORMAT = 'kairank';
/** Rises when a folder written by this version could not be read by an older one. 2: the catalogue has a vector field. */
const FORMAT_VERSION = 2;

/** What is written to a folder: the lowest version that can read it. */
export function formatRecord({ catalog }: StoreSettings): { name: string; version: number } {
  return { name: FORMAT, version: catalog.fields.some(({ kind }) => kind === 'vector') ? 2 : 1 };
}

function corrupt(file: string, what: string, value: unknown): never {
  throw new KairankError('KAIRANK_CORRUPT_FILE', `${file}: the stored ${what} is damaged`, { field: file, received: show(value) });
}

/** @throws KairankError KAIRANK_UNSUPPORTED_FORMAT for a folder of something else, or of a later version */
export function readFormat(value: unknown, file: string): void {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (name === FORMAT && typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= FORMAT_VERSION) return;
  const what = name === FORMAT ? `format version ${show(version)}` : `format ${show(name)}`;
  throw new KairankError(
    'KAIRANK_UNSUPPORTED_FORMAT',
    `${file}: ${what}, and this version of kairank reads ${FORMAT} 1 to ${FORMAT_VERSION}`,
    {
      field: file,
      expected: `${FORMAT} 1 to ${FORMAT_VERSION}`,
      received: what,
    },
  );
}

function parseCatalog(value: unknown, file: string): CatalogRecord {
  if (typeof value !== 'object' || value === null || !('fields' in value) || !('title' in value) || !Array.isArray(value.fields)) {
    return corrupt(file, 'catalogue', value);
  }
  const { fields, title } = value;
  if (title !== null && typeof title !== 'string') return corrupt(file, 'catalogue', title);
  return {
    title,
    fields: fields.map((field: unknown) => parseField(field, file)),
  };
}

function parseField(field: unknown, file: string): FieldRecord {
  if (typeof field !== 'object' || field === null || !('name' in field) || !('kind' in field)) return corrupt(file, 'catalogue', field);
  const { name } = field;
  const kind = FIELD_KINDS.find((known) => known === field.kind);
  if (typeof name !== 'string' || kind === undefined) return corrupt(file, 'catalogue', name);
  const required = 'required' in field && field.required === true;
  if (kind !== 'vector') return { name, kind, required };
  const dim = 'dim' in field ? field.dim : undefined;
  if (typeof dim !== 'number' || !Number.isInteger(dim) || dim < 1 || dim > MAX_VECTOR_DIM) return corrupt(file, `dim of ${name}`, dim);
  return { name, kind, required, dim };
}

export function parseSettings(catalog: unknown, eventTypes: unknown, file: string): StoreSettings {
  return { catalog: parseCatalog(catalog, file), eventTypes: parseEventTypes(eventTypes, file) };
}

/** How what feedback taught is written. */
export function onlineRecord({ bundle, state }: OnlineState): { bundle: string; state: number[] } {
  return { bundle, state: [...state] };
}

/** What was written last; null for nothing. What its numbers are worth is checked by who goes on from them. */
export function parseOnline(value: unknown, file: string): OnlineState | null {
  const what = 'record of what feedback taught';
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null || !('bundle' in value) || !('state' in value)) return corrupt(file, what, value);
  const { bundle, state } = value;
  if (typeof bundle !== 'string') return corrupt(file, what, bundle);
  if (!Array.isArray(state) || !state.every((number): number is number => typeof number === 'number')) return corrupt(file, what, state);
  return { bundle, state: Float32Array.from(state) };
}

/** The record of the current bundle; null before the first training. Its name is a path: it must not lead elsewhere. */
export function parseCurrent(value: unknown, file: string): CurrentBundle | null {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null || !('bundle' in value) || !('checksum' in value))
    return corrupt(file, 'current bundle', value);
  const { bundle, checksum } = value;
  if (typeof bundle !== 'string' || !/^[\w-]+$/.test(bundle) || typeof checksum !== 'string')
    return corrupt(file, 'current bundle', bundle);
  return { bundle, checksum };
}
