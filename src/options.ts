/** One guard for each kind of value: the name of the field, what was expected and what came are in every error. */

import { type ErrorCode, KairankError } from './errors.js';

/** A value as an error shows it: short, and safe for anything. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (value === null || typeof value !== 'object') return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `an object of class ${value.constructor?.name ?? 'null'}`;
}

/** Throws; its type lets a guard end in it. */
export function refuse(field: string, expected: string, received: unknown, code: ErrorCode = 'KAIRANK_INVALID_ARGUMENT'): never {
  const came = show(received);
  throw new KairankError(code, `${field}: expected ${expected}, got ${came}`, { field, expected, received: came });
}

/** A whole number within [min, max]. */
export function integer(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    refuse(field, `a whole number from ${min} to ${max}`, value);
  }
  return value;
}

/** A finite number within [min, max]. */
export function number(field: string, value: unknown, min = -Number.MAX_VALUE, max = Number.MAX_VALUE): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max) {
    const range = min === -Number.MAX_VALUE && max === Number.MAX_VALUE ? '' : ` from ${min} to ${max}`;
    refuse(field, `a finite number${range}`, value);
  }
  return value;
}

/** Longest id, in UTF-16 units. */
export const MAX_ID_LENGTH = 512;

/** Half a surrogate pair has no UTF-8: two ids that differ there alone would be one id in the core. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a string is well formed, not empty, and short enough for an id. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ID_LENGTH && !LONE_SURROGATE.test(value);
}

/** A non-empty string short enough for an id. */
export function id(field: string, value: unknown): string {
  if (!isId(value)) refuse(field, `a well-formed string of 1 to ${MAX_ID_LENGTH} characters`, value);
  return value;
}

export function string(field: string, value: unknown): string {
  if (typeof value !== 'string') refuse(field, 'a string', value);
  return value;
}

export function boolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') refuse(field, 'true or false', value);
  return value;
}

/** One of a closed list of words. */
export function oneOf<T extends string>(field: string, value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) refuse(field, `one of ${words.map((word) => `"${word}"`).join(', ')}`, value);
  return found;
}

/** A plain object (not null, not an array). */
export function record(field: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(field, 'an object', value);
  return value as Record<string, unknown>;
}

export function array(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) refuse(field, 'an array', value);
  return value;
}

/** Refuses keys that nobody reads: a misspelt option must not pass in silence. */
export function onlyKeys(field: string, value: Record<string, unknown>, allowed: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) refuse(field === '' ? key : `${field}.${key}`, `no such option (known: ${allowed.join(', ')})`, value[key]);
  }
}

/** An AbortSignal, or nothing. */
export function signal(field: string, value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (!(value instanceof AbortSignal)) refuse(field, 'an AbortSignal', value);
  return value;
}

/** Milliseconds since 1970 from a Date, an ISO string or a number of milliseconds. */
export function time(field: string, value: unknown): number {
  const millis = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value;
  // The range of Date itself: anything outside is a unit mistaken, not a moment.
  if (typeof millis !== 'number' || !Number.isFinite(millis) || Math.abs(millis) > 8.64e15) {
    refuse(field, 'a Date, an ISO 8601 string or milliseconds since 1970', value);
  }
  return millis;
}

/** Milliseconds. */
export const DAY = 86_400_000;
const MAX_DURATION = 10 * DAY;
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A length of time in milliseconds, from a number of them or words such as '90s', '10m', '1.5h'. */
export function duration(field: string, value: unknown): number {
  const [, amount = '', unit = ''] = typeof value === 'string' ? (/^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? []) : [];
  const millis = typeof value === 'string' ? Number(amount === '' ? Number.NaN : amount) * (DURATION_UNITS[unit] ?? Number.NaN) : value;
  if (typeof millis !== 'number' || !(millis > 0) || millis > MAX_DURATION) {
    refuse(field, `milliseconds above 0, or words such as "90s", "10m" or "1h", at most ${MAX_DURATION / DAY} days`, value);
  }
  return millis;
}
