/** Options of the plugin and of the handler, checked. */

import { Engine } from '../engine.js';
import { boolean, integer, MAX_ID_LENGTH, onlyKeys, record, refuse } from '../options.js';
import { type ApiKey, KeyRing } from './keys.js';

/** An engine of any catalogue: what all of them have in common. It has to be an {@link Engine}. */
export type AnyEngine = Pick<Engine, 'catalog' | 'eventTypes' | 'stats' | 'close'>;

export interface RateLimit {
  /** Requests that a key, or an address without one, may make within the window; 1 to 1,000,000,000. */
  max: number;
  /** Milliseconds. Default: 60,000. */
  timeWindow?: number;
}

export interface KairankOptions {
  /** The engine, which stays the caller's to close; or a function that returns it, null as long as it is being opened. */
  engine: AnyEngine | (() => AnyEngine | null);
  /** Whether `/readyz` says so. Default: whether there is an engine. */
  ready?: () => boolean;
  /** Who may do what. Default: everybody everything, so that something else has to keep strangers out. */
  keys?: readonly ApiKey[];
  /** Default: none. */
  rateLimit?: RateLimit;
  /** Longest JSON body, and longest line of a stream, in bytes. Default: 1 MiB. */
  bodyLimit?: number;
  /** Longest stream of lines, in bytes. Default: 100 MiB. */
  streamLimit?: number;
  /** Whether every request is logged: its route, status and milliseconds, and nothing of what was asked. Default: true. */
  logRequests?: boolean;
  /** Whether `/metrics` has the figures of the process, too. Default: true. */
  processMetrics?: boolean;
}

export interface CheckedOptions {
  engine: () => Engine | null;
  ready: () => boolean;
  keys: KeyRing | null;
  rateLimit: Required<RateLimit> | null;
  bodyLimit: number;
  streamLimit: number;
  logRequests: boolean;
  processMetrics: boolean;
}

/** Longest part of a path: an id of 512 characters, each of up to three bytes, each of these written as %XX. */
export const MAX_PARAM_LENGTH = MAX_ID_LENGTH * 9;

const MIB = 1 << 20;
const DEFAULT_STREAM = 100 * MIB;
const MAX_BODY = 1 << 30;
const MAX_STREAM = 2 ** 40;
const MINUTE = 60_000;
const DAY = 86_400_000;

const KEYS = ['engine', 'ready', 'keys', 'rateLimit', 'bodyLimit', 'streamLimit', 'logRequests', 'processMetrics'];
/** What Fastify itself reads of the options of a plugin. */
const FASTIFY_KEYS = ['prefix', 'logLevel', 'logSerializers'];

function isFunction<T>(value: unknown): value is () => T {
  return typeof value === 'function';
}

function checkEngine(value: unknown): () => Engine | null {
  if (value instanceof Engine) return () => value;
  if (!isFunction<unknown>(value)) refuse('engine', 'an Engine, or a function that returns one', value);
  return () => {
    const engine = value();
    return engine instanceof Engine ? engine : null;
  };
}

function checkRateLimit(value: unknown): Required<RateLimit> {
  const limit = record('rateLimit', value);
  onlyKeys('rateLimit', limit, ['max', 'timeWindow']);
  return {
    max: integer('rateLimit.max', limit.max, 1, 1_000_000_000),
    timeWindow: limit.timeWindow === undefined ? MINUTE : integer('rateLimit.timeWindow', limit.timeWindow, 1, DAY),
  };
}

/** @throws KairankError KAIRANK_INVALID_ARGUMENT */
export function checkOptions(value: unknown): CheckedOptions {
  const options = record('options', value);
  onlyKeys('', options, [...KEYS, ...FASTIFY_KEYS]);
  const { ready, keys, rateLimit, bodyLimit, streamLimit, logRequests, processMetrics } = options;
  const engine = checkEngine(options.engine);
  if (ready !== undefined && !isFunction<unknown>(ready)) refuse('ready', 'a function', ready);
  return {
    engine,
    ready: ready ? () => ready() === true : () => engine() !== null,
    keys: keys === undefined ? null : new KeyRing(keys),
    rateLimit: rateLimit === undefined ? null : checkRateLimit(rateLimit),
    bodyLimit: bodyLimit === undefined ? MIB : integer('bodyLimit', bodyLimit, 1, MAX_BODY),
    streamLimit: streamLimit === undefined ? DEFAULT_STREAM : integer('streamLimit', streamLimit, 1, MAX_STREAM),
    logRequests: logRequests === undefined || boolean('logRequests', logRequests),
    processMetrics: processMetrics === undefined || boolean('processMetrics', processMetrics),
  };
}
