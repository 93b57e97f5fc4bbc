/** Dense ranks of values: 0 for the lowest, equal for equal. Whole numbers, so that two keys of an order make one exact score. */
export function denseRanks(values: ArrayLike<number>): Uint32Array {
  const sorted = [...new Set(Array.from(values))].sort((a, b) => a - b);
  const rankOf = new Map(sorted.map((value, rank) => [value, rank]));
  return Uint32Array.from(values, (value) => rankOf.get(value) ?? 0);
}
