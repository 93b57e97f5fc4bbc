/** The moments of a shop's past: what a shopper had done, and what they did next. */

import type { NativeHistories } from '../native.js';
import { ACT, type Act } from '../shopper/acts.js';
import { COLUMNS, describeMoment, OUTCOMES, type Trail } from '../shopper/next-event.js';
import { turn } from './run.js';
import { drawOf, NO_ROW } from './slice.js';

/** Rows are moments. */
export interface Moments {
  /** moments x COLUMNS. */
  inputs: Float64Array;
  /** Index into OUTCOMES. */
  outcomes: Uint8Array;
  /** Milliseconds since 1970. */
  times: Float64Array;
  /** 1: some time after the last event, when nothing had come yet; 0: right after it. */
  waited: Uint8Array;
}

/** Users a turn of the event loop, and moments. */
const USERS = 1024;
const DESCRIBED = 256;

const BROWSE = OUTCOMES.indexOf('browse');
const CART = OUTCOMES.indexOf('cart');
const BUY = OUTCOMES.indexOf('buy');
const LEAVE = OUTCOMES.indexOf('leave');

/** One user's acts. */
interface UserTrail extends Trail {
  acts: Act[];
  times: number[];
  items: (number | null)[];
}

function trailOf({ offsets, rows, types, times }: NativeHistories, actOf: readonly Act[], user: number): UserTrail {
  const trail: UserTrail = { acts: [], times: [], items: [] };
  for (let at = offsets[user] ?? 0; at < (offsets[user + 1] ?? 0); at++) {
    const act = actOf[types[at] ?? 0] ?? ACT.unheeded;
    if (act === ACT.unheeded) continue;
    trail.acts.push(act);
    trail.times.push(times[at] ?? 0);
    trail.items.push(rows[at] === NO_ROW ? null : (rows[at] ?? null));
  }
  return trail;
}

/** What came after the act `at`, and after how many milliseconds. */
function nextOf({ acts, times }: UserTrail, at: number, gap: number): { outcome: number; after: number } {
  const [now, next] = [times[at] ?? 0, times[at + 1]];
  if (next === undefined || next - now > gap) return { outcome: LEAVE, after: gap };
  let outcome = BROWSE;
  // What comes at the same millisecond is one thing, a purchase if there is one among it.
  for (let index = at + 1; times[index] === next && outcome !== BUY; index++) {
    if (acts[index] === ACT.buy) outcome = BUY;
    else if (acts[index] === ACT.cart) outcome = CART;
  }
  return { outcome, after: next - now };
}

/**
 * The acts of a user after which something is known of what came next: none where more came at the same millisecond (a basket
 * is one act), or where the shop's records end before the session can be known to be over.
 */
function momentsOf({ times }: UserTrail, until: number): number[] {
  const found: number[] = [];
  for (const [at, time] of times.entries()) if (time !== times[at + 1] && time <= until) found.push(at);
  return found;
}

/** A number from 0 to 1 that the seed repeats. */
const chance = (seed: number, number: number): number => drawOf(seed, number) / 2 ** 32;

/**
 * At most `most` moments right after an act, spread evenly over the shoppers, and beside about half of them one some time later
 * within the gap, where nothing had come until then: who is asked about a shopper asks at any time.
 *
 * @param actOf by index of the event type
 * @param gap milliseconds
 */
export async function gatherMoments(
  histories: NativeHistories,
  actOf: readonly Act[],
  { most, gap, seed, check }: { most: number; gap: number; seed: number; check: () => void },
): Promise<Moments> {
  const users = histories.offsets.length - 1;
  let newest = Number.NEGATIVE_INFINITY;
  for (const time of histories.times) if (time > newest) newest = time;
  const until = newest - gap;
  let all = 0;
  for (let user = 0; user < users; user++) {
    all += momentsOf(trailOf(histories, actOf, user), until).length;
    if (user % USERS === 0) {
      await turn();
      check();
    }
  }
  const stride = Math.max(1, all / most);
  const inputs = new Float64Array(2 * Math.min(all, most) * COLUMNS.length);
  const [outcomes, times, waited]: [number[], number[], number[]] = [[], [], []];
  const add = (trail: UserTrail, at: number, wait: number): void => {
    const now = (trail.times[at] ?? 0) + wait;
    inputs.set(describeMoment(trail, at, now, gap), outcomes.length * COLUMNS.length);
    outcomes.push(nextOf(trail, at, gap).outcome);
    times.push(now);
    waited.push(Number(wait > 0));
  };
  let number = 0;
  let taken = 0;
  for (let user = 0; user < users; user++) {
    const trail = trailOf(histories, actOf, user);
    for (const at of momentsOf(trail, until)) {
      if (number++ < taken * stride || taken >= most) continue;
      taken++;
      add(trail, at, 0);
      // The moment is drawn without a look at what came: most of them early, as most that comes comes soon.
      const wait = Math.ceil(gap * chance(seed, 2 * number) ** 3);
      if (chance(seed, 2 * number + 1) < 0.5 && wait < nextOf(trail, at, gap).after) add(trail, at, wait);
      if (taken % DESCRIBED === 0) await turn();
    }
    if (user % USERS === 0) {
      await turn();
      check();
    }
  }
  return {
    inputs: inputs.subarray(0, outcomes.length * COLUMNS.length),
    outcomes: Uint8Array.from(outcomes),
    times: Float64Array.from(times),
    waited: Uint8Array.from(waited),
  };
}
