/** How a failed command ends: one line, and an exit code. */

import { CommanderError } from 'commander';
import { type ErrorCode, KairankError } from '../errors.js';

/** 0 done; 1 failed; 2 the command line is wrong; 130 stopped by Ctrl-C (128 + SIGINT), as shells have it. */
export const EXIT = { done: 0, failure: 1, usage: 2, interrupted: 130 } as const;

const USAGE_CODES: readonly ErrorCode[] = ['KAIRANK_INVALID_ARGUMENT', 'KAIRANK_INVALID_SCHEMA', 'KAIRANK_UNKNOWN_FIELD'];

export function exitCodeOf(error: unknown): number {
  // Help and version end in an error of commander's with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof KairankError)) return EXIT.failure;
  if (error.code === 'KAIRANK_ABORTED') return EXIT.interrupted;
  return USAGE_CODES.includes(error.code) ? EXIT.usage : EXIT.failure;
}

/** An error in words: `kairank: KAIRANK_… map.user: expected …, got …`; as JSON where the output is JSON. */
export function describeError(error: unknown, json: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof KairankError ? error.code : 'KAIRANK_INTERNAL';
  if (json) {
    const details = error instanceof KairankError ? { field: error.field, expected: error.expected, received: error.received } : {};
    return JSON.stringify({ error: { code, message, ...details } });
  }
  const parts = [message];
  if (error instanceof KairankError) {
    // What the message does not say already.
    if (error.field !== undefined && !message.includes(error.field)) parts.push(`field ${error.field}`);
    if (error.expected !== undefined && !message.includes(error.expected)) parts.push(`expected ${error.expected}`);
    if (error.received !== undefined && !message.includes(error.received)) parts.push(`came ${error.received}`);
  }
  return `kairank: ${code}: ${parts.join('; ')}`;
}
