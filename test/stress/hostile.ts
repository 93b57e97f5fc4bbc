/** Values that no caller should give, and what may come of them: an Error with a stable code, and nothing else. */

import fc from 'fast-check';
import { expect } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';

/** What getters and callbacks of the caller throw comes out as it went in. */
class OwnError extends Error {}

/** Stands for a hostile value until the call: fast-check looks into the values that it makes. */
class Hostile {
  constructor(readonly kind: number) {}
}

export function made(value: unknown): unknown {
  if (value instanceof Hostile) return hostile(value.kind);
  if (Array.isArray(value)) return value.length < 100 ? value.map(made) : value;
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, made(one)]));
  }
  return value;
}

function hostile(kind: number): unknown {
  const fail = (): never => {
    throw new OwnError('mine');
  };
  const detached = new Float64Array(3);
  structuredClone(detached, { transfer: [detached.buffer] });
  const sparse: unknown[] = [];
  sparse.length = 0xffffffff;
  const growing: unknown[] = ['a', 'b'];
  Object.defineProperty(growing, 0, {
    get: () => {
      growing.length = 0;
      return 'a';
    },
  });
  const hostiles: unknown[] = [
    detached,
    sparse,
    growing,
    new Proxy([], { get: fail }),
    new Proxy({}, { get: fail, has: fail, ownKeys: fail }),
    Object.defineProperty(['a'], 0, { get: fail }),
    Object.defineProperty({}, 'mode', { get: fail }),
    { valueOf: fail, toString: fail, [Symbol.toPrimitive]: fail },
    new Float64Array(new SharedArrayBuffer(24)),
    new DataView(new ArrayBuffer(8)),
    new Uint8Array(new ArrayBuffer(16), 3, 5),
    Symbol('s'),
    (): void => {},
    '\ud800',
    'x'.repeat(100_000),
    '',
    -0,
    2 ** 53,
    2 ** 32,
    -1,
    1e308,
    -1n,
    1n << 70n,
    new Date(),
    /x/,
    new Map(),
    globalThis,
  ];
  return hostiles[kind % hostiles.length];
}

const anyHostile = fc.nat({ max: 26 }).map((kind) => new Hostile(kind));
export const garbage = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
  }),
  anyHostile,
  fc.array(fc.oneof(fc.string(), anyHostile), { maxLength: 4 }),
);

/** Calls a method with arguments that its type would not let through. */
export function invoke(target: object, name: string, given: readonly unknown[], receiver: unknown = target): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`there is no method ${name}`);
  return Reflect.apply(method, receiver, given);
}

export function check<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof OwnError) return undefined;
    expect(error).toBeInstanceOf(Error);
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    expect(Object.keys(ERROR_CODES)).toContain(code);
    // Nothing in here is the core's own fault, and no input is a reason for more memory than there is.
    expect(code).not.toBe('KAIRANK_INTERNAL');
    return undefined;
  }
}
