/** Events and items as they come in: one, an array of them, or a stream of lines of which the good ones are taken. */

import { KairankError } from '../errors.js';
import { LineSplitter } from '../formats/lines.js';
import { bodyOf, type ErrorBody, HttpError, STATUS_OF, StoppedStream } from './errors.js';

/** What came of a request that brought records. */
export interface IngestReport {
  accepted: number;
  /** Events whose id had been accepted before. */
  duplicates: number;
  rejected: number;
  /** The first of the rejected lines, each with its number in the stream, from 1. */
  errors: ({ line: number } & ErrorBody)[];
}

/** Where records go. */
export interface Sink {
  /** Throws for a record that `add` would refuse: in a stream one bad line must not take others with it. */
  check(value: unknown): void;
  /** All or nothing. */
  add(value: unknown): Promise<{ accepted: number; duplicates: number }>;
}

export interface StreamLimits {
  /** Longest line, in bytes. */
  line: number;
  /** Longest stream, in bytes. */
  total: number;
}

/** Records handed to the engine together: what shares a commit waits for it once, and the event loop is not held up for long. */
const BATCH = 1000;
/** Errors told of a stream; more are counted. */
const MAX_ERRORS = 100;

/** Takes one record or an array of them, all or nothing. */
export async function ingest(sink: Sink, body: unknown): Promise<IngestReport> {
  return { ...(await sink.add(body)), rejected: 0, errors: [] };
}

/**
 * Takes a stream of JSON lines; empty lines count for nothing.
 * @throws StoppedStream with what was done so far, where the stream is too long, breaks, or nothing more can be stored
 */
export async function ingestLines(sink: Sink, stream: AsyncIterable<unknown>, limits: StreamLimits): Promise<IngestReport> {
  const report: IngestReport = { accepted: 0, duplicates: 0, rejected: 0, errors: [] };
  let batch: unknown[] = [];
  const reject = (line: number, body: ErrorBody): void => {
    report.rejected++;
    if (report.errors.length < MAX_ERRORS) report.errors.push({ line, ...body });
  };
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { accepted, duplicates } = await sink.add(batch);
    report.accepted += accepted;
    report.duplicates += duplicates;
    batch = [];
  };
  try {
    for await (const lines of linesOf(stream, limits)) {
      for (const { at, text, problem } of lines) {
        if (problem !== undefined) reject(at, badLine(problem));
        else if (text.trim() !== '') {
          const taken = parseLine(sink, text);
          if ('error' in taken) reject(at, taken);
          else batch.push(taken.value);
        }
        if (batch.length >= BATCH) await flush();
      }
    }
    await flush();
    return report;
  } catch (error) {
    throw new StoppedStream(error, report);
  }
}

function badLine(problem: string): ErrorBody {
  return { error: { code: 'HTTP_BAD_REQUEST', message: `${problem[0]?.toUpperCase()}${problem.slice(1)}.` } };
}

function parseLine(sink: Sink, text: string): { value: unknown } | ErrorBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the line.
    return badLine('not JSON');
  }
  try {
    sink.check(value);
    return { value };
  } catch (error) {
    if (error instanceof KairankError && STATUS_OF[error.code] < 500) return bodyOf(error);
    throw error;
  }
}

async function* linesOf(stream: AsyncIterable<unknown>, { line, total }: StreamLimits): AsyncGenerator<ReturnType<LineSplitter['push']>> {
  const splitter = new LineSplitter(line);
  let read = 0;
  for await (const block of stream) {
    if (!Buffer.isBuffer(block)) throw new HttpError(400, 'The stream has to be bytes.');
    read += block.length;
    if (read > total) throw new HttpError(413, `The stream is longer than ${total} bytes; what came before was taken.`);
    yield splitter.push(block);
  }
  yield splitter.finish();
}
