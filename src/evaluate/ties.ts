/**
 * Expected values under ties: items of equal score stand in random order, and a metric is its exact mean over all those orders.
 *
 * A target with `above` items of a higher score, among `size` items of its own score, stands at a rank that is uniform over
 * above + 1 .. above + size.
 */

/** Sums that the expectations are made of, kept up to the longest ranking. */
export class RankSums {
  private readonly harmonic: Float64Array;
  private readonly discount: Float64Array;

  /** @param longest the most items that one ranking holds. */
  constructor(longest: number) {
    this.harmonic = new Float64Array(longest + 1);
    this.discount = new Float64Array(longest + 1);
    for (let rank = 1; rank <= longest; rank++) {
      this.harmonic[rank] = at(this.harmonic, rank - 1) + 1 / rank;
      this.discount[rank] = at(this.discount, rank - 1) + 1 / Math.log2(rank + 1);
    }
  }

  /** Best possible DCG@k of `targets` targets: they fill the first ranks. */
  idealGain(targets: number, k: number): number {
    return at(this.discount, Math.min(targets, k));
  }

  /** Expected 1 / log2(rank + 1) of one target, 0 beyond rank k. */
  gain(above: number, size: number, k: number): number {
    if (above >= k) return 0;
    return (at(this.discount, Math.min(k, above + size)) - at(this.discount, above)) / size;
  }

  /** Expected reciprocal rank of the first of `targets` targets that share one score, 0 beyond rank k. */
  reciprocal(above: number, size: number, targets: number, k = Number.POSITIVE_INFINITY): number {
    if (above >= k) return 0;
    if (targets === 1) return (at(this.harmonic, Math.min(k, above + size)) - at(this.harmonic, above)) / size;
    // Position of the first: P(beyond x) = C(size - x, targets) / C(size, targets), stepped from one x to the next.
    let beyond = 1;
    let expected = 0;
    for (let position = 1; position <= size - targets + 1 && above + position <= k; position++) {
      const here = (beyond * targets) / (size - position + 1);
      expected += here / (above + position);
      beyond -= here;
    }
    return expected;
  }
}

/** Probability that one target stands among the first k. */
export function inTop(above: number, size: number, k: number): number {
  return Math.min(Math.max(k - above, 0), size) / size;
}

/** Probability that at least one of `targets` targets of one score stands among the first k: 1 - C(size - places, targets) / C(size, targets). */
export function anyInTop(above: number, size: number, targets: number, k: number): number {
  const places = Math.min(Math.max(k - above, 0), size);
  let none = 1;
  for (let target = 0; target < targets && none > 0; target++) none *= Math.max(size - places - target, 0) / (size - target);
  return 1 - none;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
