/** Text files as lines: bounded in length, checked to be UTF-8, unpacked when they are gzip. */

import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { throwIfAborted } from '../jobs.js';
import { asFileError } from './failures.js';

/** Longest line, in bytes: a record of a shop is thousands of times shorter; a file without line ends must not fill the memory. */
export const MAX_LINE_BYTES = 1 << 20;

export interface Line {
  /** The first line of a file is 1. */
  at: number;
  /** Without its end; of a line with a problem, its beginning. */
  text: string;
  problem?: 'line too long' | 'not UTF-8';
}

export interface LineFile {
  progress: () => number;
  /** Lines in batches, one batch a block read. */
  batches(): AsyncGenerator<Line[], void, void>;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const KEPT_OF_BROKEN = 4000;

function withoutReturn(text: string): string {
  return text.charCodeAt(text.length - 1) === CARRIAGE_RETURN ? text.slice(0, -1) : text;
}

function decodeLine(bytes: Buffer, at: number): Line {
  if (isUtf8(bytes)) return { at, text: withoutReturn(bytes.toString('utf8')) };
  return { at, text: bytes.subarray(0, KEPT_OF_BROKEN).toString('latin1'), problem: 'not UTF-8' };
}

/** Cuts blocks of bytes into lines; what follows the last line end waits for the next block. */
export class LineSplitter {
  private rest: Buffer[] = [];
  private restBytes = 0;
  /** The line being read is too long: its bytes are dropped up to its end. */
  private dropping = false;
  private at = 1;

  /** @param longest line, in bytes */
  constructor(private readonly longest = MAX_LINE_BYTES) {}

  push(block: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    if (this.restBytes > 0 || this.dropping) {
      const end = block.indexOf(LINE_FEED);
      if (end < 0) {
        this.keep(block);
        return lines;
      }
      this.keep(block.subarray(0, end));
      lines.push(this.take());
      start = end + 1;
    }
    const last = block.lastIndexOf(LINE_FEED);
    if (last >= start) {
      this.cut(block.subarray(start, last), lines);
      start = last + 1;
    }
    if (start < block.length) this.keep(block.subarray(start));
    return lines;
  }

  /** The last line, when the file does not end with a line end. */
  finish(): Line[] {
    return this.restBytes > 0 || this.dropping ? [this.take()] : [];
  }

  private keep(bytes: Buffer): void {
    if (this.dropping) return;
    this.rest.push(bytes);
    this.restBytes += bytes.length;
    if (this.restBytes > this.longest) {
      this.dropping = true;
      this.rest = [Buffer.concat(this.rest).subarray(0, KEPT_OF_BROKEN)];
    }
  }

  private take(): Line {
    const bytes = Buffer.concat(this.rest);
    const tooLong = this.dropping;
    this.rest = [];
    this.restBytes = 0;
    this.dropping = false;
    const at = this.at++;
    return tooLong ? { at, text: bytes.toString('utf8'), problem: 'line too long' } : decodeLine(bytes, at);
  }

  /** Whole lines between line feeds; decoded at once where the block is clean, which is several times faster. */
  private cut(block: Buffer, lines: Line[]): void {
    if (isUtf8(block)) {
      for (const text of block.toString('utf8').split('\n')) {
        const at = this.at++;
        if (text.length > this.longest) lines.push({ at, text: text.slice(0, KEPT_OF_BROKEN), problem: 'line too long' });
        else lines.push({ at, text: withoutReturn(text) });
      }
      return;
    }
    let start = 0;
    while (start <= block.length) {
      const found = block.indexOf(LINE_FEED, start);
      const end = found < 0 ? block.length : found;
      lines.push(decodeLine(block.subarray(start, end), this.at++));
      start = end + 1;
    }
  }
}

/** Opens a text file, plain or gzip. */
export function readLines(path: string, gzip: boolean, signal?: AbortSignal): LineFile {
  let size = 0;
  let read = 0;
  async function* batches(): AsyncGenerator<Line[], void, void> {
    try {
      size = (await stat(path)).size;
      const file = createReadStream(path, { highWaterMark: 1 << 18 });
      file.on('data', (block) => {
        read += block.length;
      });
      // The iteration below reports what breaks; the callback only keeps the error from being unhandled.
      const bytes = gzip ? pipeline(file, createGunzip({ chunkSize: 1 << 18 }), () => undefined) : file;
      const splitter = new LineSplitter();
      let first = true;
      for await (const block of bytes) {
        throwIfAborted(signal);
        if (!Buffer.isBuffer(block)) continue;
        const lines = splitter.push(block);
        if (first && lines.length > 0) {
          first = false;
          dropByteOrderMark(lines);
        }
        if (lines.length > 0) yield lines;
      }
      const lines = splitter.finish();
      if (first) dropByteOrderMark(lines);
      if (lines.length > 0) yield lines;
    } catch (error) {
      throw asFileError(path, error);
    }
  }
  return { batches, progress: () => (size === 0 ? 0 : Math.min(1, read / size)) };
}

function dropByteOrderMark(lines: Line[]): void {
  const [first] = lines;
  if (first?.text.startsWith('\uFEFF')) first.text = first.text.slice(1);
}
