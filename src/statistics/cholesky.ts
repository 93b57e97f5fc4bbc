/** Linear equations with a symmetric, positive definite matrix. */

import { KairankError } from '../errors.js';

/**
 * Solves matrix x = right by Cholesky's decomposition.
 * @param matrix n x n, row-major; only the diagonal and what is below it are read.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT when the matrix is not positive definite.
 */
export function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const lower = matrix.slice();
  const at = (row: number, column: number): number => lower[row * n + column] ?? 0;
  for (let column = 0; column < n; column++) {
    for (let row = column; row < n; row++) {
      let value = at(row, column);
      for (let k = 0; k < column; k++) value -= at(row, k) * at(column, k);
      if (row === column && !(value > 0)) {
        throw new KairankError('KAIRANK_INVALID_ARGUMENT', `matrix: expected a positive definite one, got a pivot of ${value}`, {
          field: 'matrix',
          expected: 'positive definite',
          received: `a pivot of ${value}`,
        });
      }
      lower[row * n + column] = row === column ? Math.sqrt(value) : value / at(column, column);
    }
  }
  const solution = right.slice();
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) solution[row] = (solution[row] ?? 0) - at(row, k) * (solution[k] ?? 0);
    solution[row] = (solution[row] ?? 0) / at(row, row);
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) solution[row] = (solution[row] ?? 0) - at(k, row) * (solution[k] ?? 0);
    solution[row] = (solution[row] ?? 0) / at(row, row);
  }
  return solution;
}
