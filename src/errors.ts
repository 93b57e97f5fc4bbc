/** Errors of the public API: one class, stable codes. */

/** Every code a {@link KairankError} can carry. Codes are stable: programs may branch on them. */
export const ERROR_CODES = {
  KAIRANK_INVALID_ARGUMENT: 'An argument has the wrong type, shape or value.',
  KAIRANK_INVALID_SCHEMA: 'The catalogue definition, or a record against it, is wrong.',
  KAIRANK_UNKNOWN_FIELD: 'A field is named that the catalogue does not define.',
  KAIRANK_NOT_FOUND: 'What was asked for is not there.',
  KAIRANK_OVERLOADED: 'Too many requests wait; try again later.',
  KAIRANK_ABORTED: 'The caller aborted the call.',
  KAIRANK_DEADLINE_EXCEEDED: 'The deadline passed before there was an answer.',
  KAIRANK_CLOSED: 'The engine is closed.',
  KAIRANK_READ_ONLY: 'The engine was opened to read, or attached in another thread: it cannot write.',
  KAIRANK_FOLDER_LOCKED: 'Another process, or another engine of this process, has the folder open.',
  KAIRANK_CORRUPT_FILE: 'A file is truncated, altered, or not what its name says.',
  KAIRANK_UNSUPPORTED_FORMAT: 'A file format, or a version of one, that kairank cannot read.',
  KAIRANK_IO: 'Reading or writing a file failed.',
  KAIRANK_NOT_ENOUGH_DATA: 'There are too few events to learn from.',
  KAIRANK_BUSY: 'A training run is already going on.',
  KAIRANK_NATIVE_UNAVAILABLE: 'The native core could not be loaded.',
  KAIRANK_OUT_OF_MEMORY: 'There is not enough memory.',
  KAIRANK_INTERNAL: 'A fault of kairank itself.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What went wrong with which argument; the message says it in words. */
export interface ErrorDetails {
  /** The argument or field, as the caller would write it: `items[3].price`. */
  field?: string;
  /** What would have been right. */
  expected?: string;
  /** What came, shortened. */
  received?: string;
}

/** The only class of error that kairank's own API throws. */
export class KairankError extends Error {
  override readonly name = 'KairankError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly received: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails & { cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.expected = details.expected;
    this.received = details.received;
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

/** Turns what the addon threw (an Error with a `code`) into a KairankError; leaves other errors as they are. */
export function fromNative(error: unknown): unknown {
  if (error instanceof KairankError || !(error instanceof Error)) return error;
  const code: unknown = 'code' in error ? error.code : undefined;
  if (!isErrorCode(code)) return error;
  const details: ErrorDetails = {};
  for (const name of ['field', 'expected', 'received'] as const) {
    const value: unknown = Reflect.get(error, name);
    if (typeof value === 'string') details[name] = value;
  }
  return new KairankError(code, error.message, { ...details, cause: error });
}
