/** The value of a vector field. */

import { refuse } from '../options.js';

/** Whether a number is still finite as a 32-bit float: 1e39 is not. */
function fits(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(Math.fround(value));
}

/**
 * One vector, copied: the caller may change theirs.
 * @param path of the value in an error; of a single number, with its index: `items[3].image[17]`
 * @throws KairankError KAIRANK_INVALID_SCHEMA
 */
export function checkVector(path: string, dim: number, value: unknown): Float32Array {
  const given = value instanceof Float32Array || Array.isArray(value) ? value : undefined;
  if (given?.length !== dim) refuse(path, expectedVector(dim), value, 'KAIRANK_INVALID_SCHEMA');
  const copy = new Float32Array(dim);
  for (let index = 0; index < dim; index++) {
    const one: unknown = given[index];
    if (!fits(one)) refuse(`${path}[${index}]`, 'a finite 32-bit number', one, 'KAIRANK_INVALID_SCHEMA');
    copy[index] = one;
  }
  return copy;
}

export function expectedVector(dim: number): string {
  return `a Float32Array or an array of ${dim} finite numbers`;
}
