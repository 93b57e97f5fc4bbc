/** Errors as HTTP answers: one table from codes to statuses, one shape of body. */

import type { ServerResponse } from 'node:http';
import { ERROR_CODES, type ErrorCode, type ErrorDetails, KairankError } from '../errors.js';

/**
 * The status of every code. What a request can bring about is a 4xx; 503 is a server that cannot answer now and may soon;
 * 500 alone means a fault of kairank, which no request should be able to cause.
 */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  KAIRANK_INVALID_ARGUMENT: 400,
  KAIRANK_INVALID_SCHEMA: 400,
  KAIRANK_UNKNOWN_FIELD: 400,
  KAIRANK_NOT_FOUND: 404,
  KAIRANK_READ_ONLY: 409,
  KAIRANK_NOT_ENOUGH_DATA: 409,
  KAIRANK_BUSY: 409,
  KAIRANK_OVERLOADED: 503,
  KAIRANK_DEADLINE_EXCEEDED: 503,
  KAIRANK_ABORTED: 503,
  KAIRANK_CLOSED: 503,
  KAIRANK_FOLDER_LOCKED: 503,
  KAIRANK_CORRUPT_FILE: 503,
  KAIRANK_UNSUPPORTED_FORMAT: 503,
  KAIRANK_IO: 503,
  KAIRANK_NATIVE_UNAVAILABLE: 503,
  KAIRANK_OUT_OF_MEMORY: 503,
  KAIRANK_INTERNAL: 500,
};

/** Of a request whose client is gone, as proxies count them: nobody reads the answer, and the server did not fail. */
export const CLIENT_GONE = 499;

/** What is wrong with a request before an engine sees it, by status. */
const HTTP_CODES = {
  400: 'HTTP_BAD_REQUEST',
  401: 'HTTP_UNAUTHORIZED',
  403: 'HTTP_FORBIDDEN',
  404: 'HTTP_NOT_FOUND',
  408: 'HTTP_REQUEST_TIMEOUT',
  413: 'HTTP_PAYLOAD_TOO_LARGE',
  414: 'HTTP_URI_TOO_LONG',
  415: 'HTTP_UNSUPPORTED_MEDIA_TYPE',
  429: 'HTTP_TOO_MANY_REQUESTS',
  431: 'HTTP_HEADERS_TOO_LARGE',
  503: 'HTTP_SERVICE_UNAVAILABLE',
} as const;
export type HttpStatus = keyof typeof HTTP_CODES;
export type HttpCode = (typeof HTTP_CODES)[HttpStatus];

/** Every code that an error body can have. */
export const HTTP_ERROR_CODES: readonly HttpCode[] = Object.values(HTTP_CODES);

function isHttpStatus(status: number): status is HttpStatus {
  return Object.hasOwn(HTTP_CODES, status);
}

/** What every refused request gets. */
export interface ErrorBody {
  error: { code: ErrorCode | HttpCode; message: string } & ErrorDetails;
}

/** A request that is refused for what HTTP says of it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpCode;

  constructor(
    readonly statusCode: HttpStatus,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.code = HTTP_CODES[statusCode];
  }
}

/** Something went wrong in the midst of a stream: what was done before it belongs into the answer. */
export class StoppedStream extends Error {
  override readonly name = 'StoppedStream';

  constructor(
    override readonly cause: unknown,
    readonly report: object,
  ) {
    super('The stream was not read to its end.');
  }
}

/** An error as it is answered. */
export interface Refusal {
  status: number;
  body: ErrorBody;
  headers: Readonly<Record<string, string>>;
  /** Whether it is a fault of the server, which somebody should look at. */
  fault: boolean;
}

/** What is wrong with the server and not with a request. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  'KAIRANK_FOLDER_LOCKED',
  'KAIRANK_CORRUPT_FILE',
  'KAIRANK_UNSUPPORTED_FORMAT',
  'KAIRANK_IO',
  'KAIRANK_NATIVE_UNAVAILABLE',
  'KAIRANK_OUT_OF_MEMORY',
  'KAIRANK_INTERNAL',
]);

/** Seconds after which a client may try again. */
const RETRY_AFTER = '1';

const retry = (status: number): Record<string, string> => (status === 503 ? { 'retry-after': RETRY_AFTER } : {});

/** The body for an error of the API, in the words of the API. */
export function bodyOf({ code, message, field, expected, received }: KairankError): ErrorBody {
  return {
    error: {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(expected === undefined ? {} : { expected }),
      ...(received === undefined ? {} : { received }),
    },
  };
}

/** Own words for what the HTTP library refuses: some of its own repeat the URL, and with it ids. */
const WORDS: Partial<Record<HttpStatus, string>> = {
  400: 'The request cannot be read: its body is not JSON, or is not as long as it says.',
  413: 'The body is larger than this server takes.',
  415: 'The body has to be application/json, or application/x-ndjson where a stream is taken.',
  404: 'There is no such route.',
  414: 'A part of the path is too long.',
};

function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** What is answered to an error of whatever kind. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof StoppedStream) {
    const refusal = refusalOf(error.cause);
    return { ...refusal, body: { ...error.report, ...refusal.body } };
  }
  if (error instanceof KairankError) {
    const status = STATUS_OF[error.code];
    const fault = FAULTS.has(error.code);
    // Words of its own say which file, or which memory: they are for the log.
    const body = fault ? { error: { code: error.code, message: ERROR_CODES[error.code] } } : bodyOf(error);
    return { status, body, headers: retry(status), fault };
  }
  if (error instanceof HttpError) {
    const { statusCode, code, message, headers } = error;
    return { status: statusCode, body: { error: { code, message } }, headers: { ...retry(statusCode), ...headers }, fault: false };
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500) {
    const known = isHttpStatus(status) ? status : 400;
    const message = WORDS[known] ?? 'The request is refused.';
    return { status: known, body: { error: { code: HTTP_CODES[known], message } }, headers: {}, fault: false };
  }
  // What went wrong is for the log: an unknown error's message may tell of files, or of data.
  const message = 'A fault of the server; its log says more.';
  return { status: 500, body: { error: { code: 'KAIRANK_INTERNAL', message } }, headers: {}, fault: true };
}

/** Answers an error on a bare response: of requests that never reach a route. */
export function writeRefusal(response: ServerResponse, error: unknown): void {
  const { status, body } = refusalOf(error);
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
