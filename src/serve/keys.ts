/** API keys: who may do what. Keys are kept as digests, and compared in constant time. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { KairankError } from '../errors.js';
import { array, id as checkId, oneOf, onlyKeys, record, refuse } from '../options.js';
import { HttpError } from './errors.js';

/** `read` asks, `write` adds events and items, `admin` sees metrics and may do all of it. */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key and what it opens. */
export interface ApiKey {
  /** 16 to 512 printable ASCII characters without spaces. */
  key: string;
  /** At least one. */
  scopes: readonly Scope[];
  /** What it is called in errors; default: its place in the list. */
  name?: string;
}

interface Entry {
  digest: Buffer;
  scopes: ReadonlySet<Scope>;
}

/** A key that was recognised. */
export interface Holder {
  /** Tells keys apart, and says nothing of the key. */
  number: number;
  scopes: ReadonlySet<Scope>;
}

const MAX_KEYS = 10_000;
const KEY = /^[\x21-\x7e]{16,512}$/;

/** Refuses a key without showing it: it may be in use elsewhere. */
function hidden(field: string, expected: string): never {
  throw new KairankError('KAIRANK_INVALID_ARGUMENT', `${field}: expected ${expected}`, { field, expected });
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

export class KeyRing {
  readonly #entries: readonly Entry[];

  /** @throws KairankError KAIRANK_INVALID_ARGUMENT naming the place (`keys[2].scopes`), never the key */
  constructor(value: unknown) {
    const list = array('keys', value);
    if (list.length === 0 || list.length > MAX_KEYS) refuse('keys', `1 to ${MAX_KEYS} keys`, value);
    const seen = new Set<string>();
    this.#entries = list.map((given, index) => {
      const path = `keys[${index}]`;
      const entry = record(path, given);
      onlyKeys(path, entry, ['key', 'scopes', 'name']);
      const { key, name } = entry;
      if (typeof key !== 'string' || !KEY.test(key)) {
        hidden(`${path}.key`, '16 to 512 printable ASCII characters without spaces');
      }
      const scopes = array(`${path}.scopes`, entry.scopes).map((scope, at) => oneOf(`${path}.scopes[${at}]`, scope, SCOPES));
      if (scopes.length === 0) refuse(`${path}.scopes`, `at least one of ${SCOPES.join(', ')}`, entry.scopes);
      if (name !== undefined) checkId(`${path}.name`, name);
      if (seen.has(key)) hidden(`${path}.key`, 'every key once');
      seen.add(key);
      return { digest: digestOf(key), scopes: new Set(scopes) };
    });
  }

  /** Whose key a request carries; null for none, or an unknown one. Every key is compared, whichever fits. */
  find(headers: IncomingHttpHeaders): Holder | null {
    const given = presented(headers);
    if (given === null) return null;
    const digest = digestOf(given);
    let found: Holder | null = null;
    for (const [number, entry] of this.#entries.entries()) {
      if (timingSafeEqual(entry.digest, digest)) found = { number, scopes: entry.scopes };
    }
    return found;
  }
}

/** The key that a request carries: `Authorization: Bearer KEY`, or `x-api-key: KEY`. */
function presented({ authorization, 'x-api-key': header }: IncomingHttpHeaders): string | null {
  const bearer = authorization === undefined ? null : /^Bearer +(\S+)$/i.exec(authorization);
  if (bearer) return bearer[1] ?? null;
  return typeof header === 'string' && header !== '' ? header : null;
}

/** @throws HttpError 401 without a key that is known, 403 where it does not open this */
export function authorise(holder: Holder | null, scope: Scope): void {
  if (!holder) {
    const challenge = { 'www-authenticate': 'Bearer realm="kairank"' };
    throw new HttpError(401, 'This needs an API key, as "Authorization: Bearer KEY" or "x-api-key: KEY".', challenge);
  }
  if (!holder.scopes.has(scope) && !holder.scopes.has('admin')) {
    throw new HttpError(403, `This needs a key with the scope "${scope}"; this one has ${[...holder.scopes].join(', ')}.`);
  }
}
