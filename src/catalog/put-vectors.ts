/** The arguments of `items.putVectors`: a matrix of vectors for items that are there. */

import { array, oneOf, onlyKeys, record, refuse, string } from '../options.js';
import { checkIds } from './items.js';
import { fieldNamed, type Schema, type SchemaField } from './schema.js';

export interface PutVectorsOptions {
  /**
   * What becomes of ids that the catalogue does not have: `error` refuses the call, `skip` leaves their rows out and
   * returns them. Default: error.
   */
  missing?: 'error' | 'skip';
}

/** What `putVectors` was given, checked; the vectors are copies. */
export interface CheckedVectors {
  field: string;
  ids: string[];
  vectors: Float32Array[];
  skip: boolean;
}

/**
 * Checks the arguments of `putVectors`.
 * @throws KairankError KAIRANK_UNKNOWN_FIELD, KAIRANK_INVALID_ARGUMENT
 */
export function checkPutVectors(schema: Schema, field: unknown, ids: unknown, matrix: unknown, options: unknown): CheckedVectors {
  const { name, dim } = vectorField(schema, 'field', field);
  const list = checkIds('ids', array('ids', ids));
  if (!(matrix instanceof Float32Array)) refuse('matrix', 'a Float32Array', matrix);
  if (matrix.length !== list.length * dim) {
    refuse('matrix', `${list.length} × ${dim} = ${list.length * dim} numbers, a row for each id`, matrix.length);
  }
  const { missing = 'error', ...rest } = record('options', options);
  onlyKeys('', rest, ['missing']);
  const skip = oneOf('missing', missing, ['error', 'skip']) === 'skip';
  const vectors = list.map((_, row) => matrix.slice(row * dim, (row + 1) * dim));
  // The copies are checked, not the matrix: another thread may be writing to that.
  for (const [row, vector] of vectors.entries()) {
    const index = vector.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) refuse(`matrix[${row * dim + index}]`, `a finite number (number ${index} of row ${row})`, vector[index]);
  }
  return { field: name, ids: list, vectors, skip };
}

/** The vector field of that name. @throws KairankError KAIRANK_UNKNOWN_FIELD, KAIRANK_INVALID_ARGUMENT for one of another kind */
function vectorField(schema: Schema, path: string, name: unknown): SchemaField {
  const field = fieldNamed(schema, path, string(path, name));
  if (field.kind !== 'vector') {
    const known = [...schema.fields.values()].filter(({ kind }) => kind === 'vector').map((one) => one.name);
    refuse(path, `a field of kind "vector" (there are: ${known.join(', ') || 'none'})`, `${field.name}, a ${field.kind} field`);
  }
  return field;
}
