/** What an import could not use: counted by reason, and written to a file beside the shop, so that it can be mended and imported again. */

import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { asFileError } from '../formats/failures.js';

/** Wide whole numbers have no JSON of their own; their digits as text lose nothing. */
function plainJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

export class Rejections {
  /** How many records were rejected for each reason. */
  readonly counts: Record<string, number> = {};
  private readonly target: string;
  private stream: WriteStream | undefined;
  private failure: unknown;

  /** @param folder where the file goes; it is made at the first rejection, `rejected-KIND-TIME.jsonl`. */
  constructor(folder: string, kind: 'events' | 'items' | 'vectors', startedAt: Date) {
    this.target = join(folder, `rejected-${kind}-${startedAt.toISOString().replaceAll(/[:.]/g, '-')}.jsonl`);
  }

  /** The file, or null while nothing was rejected. */
  get path(): string | null {
    return this.stream ? this.target : null;
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** @param at line or row of the source file. @param record its fields, or its text where it could not be read. */
  async add(reason: string, at: number, record: unknown): Promise<void> {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    if (!this.stream) {
      this.stream = createWriteStream(this.target, { flags: 'wx' });
      this.stream.on('error', (error) => {
        this.failure = error;
      });
    }
    this.throwIfFailed();
    const line = `${JSON.stringify({ at, reason, record }, plainJson)}\n`;
    if (!this.stream.write(line)) await drained(this.stream);
  }

  /** Ends the file. @throws KairankError KAIRANK_IO when it could not be written. */
  async close(): Promise<void> {
    if (!this.stream) return;
    this.stream.end();
    await finished(this.stream).catch((error: unknown) => {
      this.failure = error;
    });
    this.throwIfFailed();
  }

  private throwIfFailed(): void {
    if (this.failure !== undefined) throw asFileError(this.target, this.failure);
  }
}

/** Until the stream takes more, or is broken. */
async function drained(stream: WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
