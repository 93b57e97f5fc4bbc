/** Vectors that lie one after the other in a typed array. */

/** A view of each row. */
export function vectorsOf(matrix: Float32Array, dim: number): Float32Array[] {
  return Array.from({ length: matrix.length / dim }, (_, i) => matrix.subarray(i * dim, (i + 1) * dim));
}

/** A copy of the named rows, in that order. */
export function gather(matrix: Float32Array, dim: number, rows: ArrayLike<number>): Float32Array {
  const out = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    const row = at(rows, i);
    out.set(matrix.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return out;
}

/** The value that must be there. */
export function at<T>(values: ArrayLike<T>, index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`There is no number ${index}.`);
  return value;
}
