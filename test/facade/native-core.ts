/** Shared by the tests of the native core: requests in short, and errors by code. */

import { expect } from 'vitest';
import { type CoreOptions, type NativeCore, type NativeRequest, native } from '../../src/native.js';

export function core(options: Partial<CoreOptions> = {}): NativeCore {
  return native().createCore({ columns: [], typeWeights: [1], queueLimit: 10_000, ...options });
}

export function request(given: Partial<NativeRequest> = {}): NativeRequest {
  return {
    user: null,
    events: null,
    mode: 'recommend',
    items: null,
    words: null,
    k: 10,
    candidates: 100,
    filter: -1,
    excludeSeen: null,
    exclude: null,
    now: 0,
    requestId: null,
    deadline: 0,
    reasons: 0,
    ...given,
  };
}

/** Puts items that have no fields; keys are 1, 2, 3 ... */
export function putPlain(engine: NativeCore, ids: readonly string[]): void {
  engine.putItems(
    ids,
    Float64Array.from(ids, (_, index) => index + 1),
    ids.map(() => []),
  );
}

export interface PlainEvent {
  user: string;
  item: string;
  type?: number;
  weight?: number;
  at: number;
}

export function addEvents(engine: NativeCore, events: readonly PlainEvent[]): void {
  engine.addEvents(
    events.map((event) => event.user),
    events.map((event) => event.item),
    Uint16Array.from(events, (event) => event.type ?? 0),
    Float32Array.from(events, (event) => event.weight ?? 1),
    Float64Array.from(events, (event) => event.at),
  );
}

/** The code of an error, whatever it is. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

export function expectCode(call: () => unknown, code: string): void {
  let thrown: unknown = 'nothing was thrown';
  try {
    call();
  } catch (error) {
    thrown = codeOf(error);
  }
  expect(thrown).toBe(code);
}
