/** Lines of words, as the files of research data are. */

import { readLines } from '../../formats/lines.js';

/** Why lines were not used, counted. */
export class Rejected {
  readonly counts: Record<string, number> = {};

  add(reason: string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
  }
}

/** The words of every line that has any. */
export async function* wordsOf(
  path: string,
  rejected: Rejected,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ at: number; words: string[] }, void, void> {
  for await (const batch of readLines(path, false, signal).batches()) {
    for (const { at, text, problem } of batch) {
      const words = text.trim().split(/\s+/);
      if (problem) rejected.add(problem);
      else if (words[0] !== '') yield { at, words };
    }
  }
}
