/** Histories as lists of events, for tests of what is cut from them. */

import type { NativeHistories } from '../../src/native.js';

export type Event = [row: number, weight: number, time: number];
export const NONE = 0xffffffff;

export function histories(users: readonly (readonly Event[])[]): NativeHistories {
  const events = users.flat();
  let end = 0;
  return {
    offsets: Float64Array.from([0, ...users.map((list) => (end += list.length))]),
    rows: Uint32Array.from(events, ([row]) => row),
    types: new Uint16Array(events.length),
    weights: Float32Array.from(events, ([, weight]) => weight),
    times: Float64Array.from(events, ([, , time]) => time),
  };
}

export function listed({ offsets, rows, weights, times }: NativeHistories): Event[][] {
  return Array.from({ length: offsets.length - 1 }, (_, user) =>
    Array.from({ length: (offsets[user + 1] ?? 0) - (offsets[user] ?? 0) }, (_, index): Event => {
      const at = (offsets[user] ?? 0) + index;
      return [rows[at] ?? 0, weights[at] ?? 0, times[at] ?? 0];
    }),
  );
}
