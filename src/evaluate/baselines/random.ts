/** The baseline that knows nothing: what any other must beat. */

import { Random } from '../random.js';
import type { Scorer } from '../ranks.js';

/** Scores drawn anew for each case; a seed repeats them. */
export function randomScorer(seed: number): Scorer {
  return (index, scores) => {
    const random = new Random(seed, index);
    for (let row = 0; row < scores.length; row++) scores[row] = random.next();
  };
}
