/** Random numbers that a seed repeats, on every machine. */

/** A 32-bit hash that spreads whole numbers (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A stream of random numbers: the same seed and stream give the same numbers. SplitMix32: a counter stepped by the golden ratio,
 * hashed (Steele et al. 2014, "Fast splittable pseudorandom number generators", with 32 bits).
 */
export class Random {
  private state: number;

  /** @param stream tells apart the streams of one seed, so that what one consumer draws does not move another's numbers. */
  constructor(seed: number, stream = 0) {
    this.state = mix(mix(seed) ^ mix(stream ^ 0x9e3779b9) ^ mix(Math.floor(seed / 2 ** 32)));
  }

  /** Uniform in [0, 1), with 32 bits. */
  next(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    return mix(this.state) / 2 ** 32;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Normally distributed, mean 0, deviation 1 (Box & Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Permutes values[start .. end) in place (Fisher & Yates). */
  shuffle(values: { [index: number]: number }, start: number, end: number): void {
    for (let last = end - 1; last > start; last--) {
      const other = start + this.below(last - start + 1);
      const held = values[last] ?? 0;
      values[last] = values[other] ?? 0;
      values[other] = held;
    }
  }
}
