/** What shoppers did, as an evaluation holds it: histories by row, split nowhere yet. */

import type { NativeHistories } from '../native.js';
import { Random } from './random.js';

/** The interactions of a data set. User u owns events offsets[u] .. offsets[u + 1] of `histories`, oldest first. */
export interface Interactions {
  /** Ids by row. */
  users: string[];
  items: string[];
  histories: NativeHistories;
  /**
   * Number of the basket that each event belongs to (an invoice, a visit), the same length as `histories.rows`; undefined where every
   * event is one of its own.
   */
  baskets: Uint32Array | undefined;
  /** By row: nobody knows who it was, so that the history can teach and nobody is asked about it. undefined: everybody is known. */
  anonymous: Uint8Array | undefined;
  /** Whether times say when things happened, and not only in which order. */
  timed: boolean;
  /** Records that could not be used, by reason. */
  rejected: Record<string, number>;
}

/** Gives strings the numbers 0, 1, 2 … in the order of their first appearance. */
export class Numbering {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  of(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.names.push(name);
    this.numbers.set(name, number);
    return number;
  }
}

/** One interaction, before the histories are put in order. */
export interface Interaction {
  user: number;
  row: number;
  type: number;
  weight: number;
  at: number;
  basket: number;
}

/** Groups interactions by user, by time within a user; equal times keep their order. */
export function groupByUser(interactions: readonly Interaction[], users: number): { histories: NativeHistories; baskets: Uint32Array } {
  const order = Uint32Array.from(interactions.keys());
  const at = (index: number): Interaction | undefined => interactions[index];
  order.sort((a, b) => (at(a)?.user ?? 0) - (at(b)?.user ?? 0) || (at(a)?.at ?? 0) - (at(b)?.at ?? 0) || a - b);
  const histories = emptyHistories(users, interactions.length);
  const baskets = new Uint32Array(interactions.length);
  for (const [place, index] of order.entries()) {
    const interaction = at(index);
    if (!interaction) continue;
    histories.offsets[interaction.user + 1] = place + 1;
    histories.rows[place] = interaction.row;
    histories.types[place] = interaction.type;
    histories.weights[place] = interaction.weight;
    histories.times[place] = interaction.at;
    baskets[place] = interaction.basket;
  }
  // A user without events ends where the one before ends.
  for (let user = 0; user < users; user++)
    histories.offsets[user + 1] = Math.max(histories.offsets[user + 1] ?? 0, histories.offsets[user] ?? 0);
  return { histories, baskets };
}

export function emptyHistories(users: number, events: number): NativeHistories {
  return {
    offsets: new Float64Array(users + 1),
    rows: new Uint32Array(events),
    types: new Uint16Array(events),
    weights: new Float32Array(events),
    times: new Float64Array(events),
  };
}

/** A stretch of somebody's history: events start .. end. */
export interface Stretch {
  start: number;
  end: number;
}

/** New histories made of stretches of others, in the order given; a stretch is a user of the result. */
export function takeStretches(from: NativeHistories, stretches: readonly Stretch[]): NativeHistories {
  const events = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
  const taken = emptyHistories(stretches.length, events);
  let place = 0;
  for (const [index, { start, end }] of stretches.entries()) {
    taken.rows.set(from.rows.subarray(start, end), place);
    taken.types.set(from.types.subarray(start, end), place);
    taken.weights.set(from.weights.subarray(start, end), place);
    taken.times.set(from.times.subarray(start, end), place);
    place += end - start;
    taken.offsets[index + 1] = place;
  }
  return taken;
}

/** The same users without their events of the items that are marked by row. */
export function withoutRows(from: NativeHistories, marks: Uint8Array): NativeHistories {
  const users = from.offsets.length - 1;
  const events = from.rows.reduce((sum, row) => sum + (marks[row] === 1 ? 0 : 1), 0);
  const left = emptyHistories(users, events);
  let place = 0;
  for (let user = 0; user < users; user++) {
    const { start, end } = stretchOf(from, user);
    for (let event = start; event < end; event++) {
      const row = from.rows[event] ?? 0;
      if (marks[row] === 1) continue;
      left.rows[place] = row;
      left.types[place] = from.types[event] ?? 0;
      left.weights[place] = from.weights[event] ?? 0;
      left.times[place] = from.times[event] ?? 0;
      place++;
    }
    left.offsets[user + 1] = place;
  }
  return left;
}

/** The stretch of each user's whole history. */
export function stretchOf(histories: NativeHistories, user: number): Stretch {
  return { start: histories.offsets[user] ?? 0, end: histories.offsets[user + 1] ?? 0 };
}

/**
 * A copy in which items of the same moment stand in random order. Files that sort them by something else (an item's id) tell a
 * model what comes next, which no shop could know.
 */
export function shuffleTies(interactions: Interactions, seed: number): Interactions {
  const { histories } = interactions;
  const rows = histories.rows.slice();
  for (let user = 0; user < interactions.users.length; user++) {
    const random = new Random(seed, user);
    const { start, end } = stretchOf(histories, user);
    let first = start;
    for (let event = start + 1; event <= end; event++) {
      if (event < end && histories.times[event] === histories.times[first]) continue;
      if (event - first > 1) random.shuffle(rows, first, event);
      first = event;
    }
  }
  return { ...interactions, histories: { ...histories, rows } };
}
