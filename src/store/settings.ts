/** The records that say what a folder is; checked on reading, as a file may have been altered. */

import { type CatalogRecord, FIELD_KINDS, type FieldKind } from '../catalog/schema.js';
import { KairankError } from '../errors.js';
import { show } from '../options.js';
import { parseEventTypes } from '../shopper/event-types.js';
import type { CurrentBundle, StoreSettings } from './store.js';

const FORMAT = 'kairank';
/** Rises when a folder written by this version could not be read by an older one. */
const FORMAT_VERSION = 1;

export function formatRecord(): { name: string; version: number } {
  return { name: FORMAT, version: FORMAT_VERSION };
}

function corrupt(file: string, what: string, value: unknown): never {
  throw new KairankError('KAIRANK_CORRUPT_FILE', `${file}: the stored ${what} is damaged`, { field: file, received: show(value) });
}

/** @throws KairankError KAIRANK_UNSUPPORTED_FORMAT for a folder of something else, or of a later version */
export function readFormat(value: unknown, file: string): void {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (name === FORMAT && version === FORMAT_VERSION) return;
  const what = name === FORMAT ? `format version ${show(version)}` : `format ${show(name)}`;
  throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${file}: ${what}, and this version of kairank reads ${FORMAT} ${FORMAT_VERSION}`, {
    field: file,
    expected: `${FORMAT} ${FORMAT_VERSION}`,
    received: what,
  });
}

function parseCatalog(value: unknown, file: string): CatalogRecord {
  if (typeof value !== 'object' || value === null || !('fields' in value) || !('title' in value) || !Array.isArray(value.fields)) {
    return corrupt(file, 'catalogue', value);
  }
  const { fields, title } = value;
  if (title !== null && typeof title !== 'string') return corrupt(file, 'catalogue', title);
  return {
    title,
    fields: fields.map((field: unknown) => {
      if (typeof field !== 'object' || field === null || !('name' in field) || !('kind' in field)) return corrupt(file, 'catalogue', field);
      const kind: FieldKind | undefined = FIELD_KINDS.find((known) => known === field.kind);
      if (typeof field.name !== 'string' || kind === undefined) return corrupt(file, 'catalogue', field.name);
      return { name: field.name, kind, required: 'required' in field && field.required === true };
    }),
  };
}

export function parseSettings(catalog: unknown, eventTypes: unknown, file: string): StoreSettings {
  return { catalog: parseCatalog(catalog, file), eventTypes: parseEventTypes(eventTypes, file) };
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
