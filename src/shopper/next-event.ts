/**
 * What a shopper does next: the moment as numbers, and the model that reads them. Training and serving describe a moment by the
 * same function, from the same number of events.
 */

import { logit } from '../statistics/logistic.js';
import { ACT, type Act, actsOf } from './acts.js';
import type { EventTypeTable } from './event-types.js';
import type { HistoryEvent } from './events.js';

/** `browse`: any act but these; `leave`: none within the session gap. */
export const OUTCOMES = ['browse', 'cart', 'buy', 'leave'] as const;
export type NextOutcome = (typeof OUTCOMES)[number];
/** Probabilities of what comes next; they sum to 1. */
export type NextEvent = Record<NextOutcome, number>;

/** Acts before a moment that count: older ones say nothing of the next. */
const WINDOW = 100;
/** Events among which those acts are looked for when a request asks. */
export const NEXT_EVENTS = 500;

/** Milliseconds. */
const SECOND = 1000;
const HOUR = 3_600_000;
const HOURS = 24;

/** What the shopper did, oldest first; unheeded events are left out. An item of null is none. */
export interface Trail {
  acts: ArrayLike<Act>;
  times: ArrayLike<number>;
  items: ArrayLike<string | number | null>;
}

/** What a moment is described by. A bundle names them, so that a model is never read by other columns than it learned. */
export const COLUMNS = [
  'last: search',
  'last: other',
  'last: cart',
  'last: buy',
  'second last: cart',
  'second last: buy',
  'first of the session',
  'looks in the session',
  'carts in the session',
  'purchases in the session',
  'seconds before the last',
  'seconds of the session',
  'items in the session',
  'item seen in the session',
  'item seen before it',
  'cart since the last purchase',
  'cart left by earlier sessions',
  'events before the session',
  'carts before the session',
  'purchases before the session',
  'no session before',
  'hours since the session before',
  'hour, sine',
  'hour, cosine',
  'seconds waited',
  'part of the gap waited',
] as const;

const isBrowsing = (act: Act | undefined): boolean => act === ACT.look || act === ACT.search || act === ACT.other;
const seconds = (millis: number): number => Math.log1p(Math.max(0, millis) / SECOND);

/** How often each kind of act came in [from, to). */
function countActs({ acts }: Trail, from: number, to: number): { browsing: number; carts: number; buys: number } {
  const counts = { browsing: 0, carts: 0, buys: 0 };
  for (let at = from; at < to; at++) {
    if (isBrowsing(acts[at])) counts.browsing++;
    else if (acts[at] === ACT.cart) counts.carts++;
    else counts.buys++;
  }
  return counts;
}

/** Whether something was put into the cart in [from, to) after the last purchase there. */
function hasOpenCart({ acts }: Trail, from: number, to: number): boolean {
  for (let at = to - 1; at >= from; at--) {
    if (acts[at] === ACT.buy) return false;
    if (acts[at] === ACT.cart) return true;
  }
  return false;
}

/**
 * The numbers of the moment `now` after the act `last`, in the order of COLUMNS: `now` is no more than a session gap later.
 * @param gap milliseconds
 */
export function describeMoment(trail: Trail, last: number, now: number, gap: number): Float64Array {
  const { acts, times, items } = trail;
  const time = (at: number): number => times[at] ?? 0;
  const begin = Math.max(0, last + 1 - WINDOW);
  let start = last;
  while (start > begin && time(start) - time(start - 1) <= gap) start--;
  const act = acts[last];
  const before = last > start ? acts[last - 1] : undefined;
  const own = countActs(trail, start, last + 1);
  const earlier = countActs(trail, begin, start);
  const named = new Set<string | number>();
  let [seenHere, seenBefore] = [false, false];
  const item = items[last] ?? null;
  for (let at = begin; at <= last; at++) {
    const one = items[at] ?? null;
    if (one === null) continue;
    if (at < last && one === item) {
      if (at >= start) seenHere = true;
      else seenBefore = true;
    }
    if (at >= start) named.add(one);
  }
  const hour = ((now / HOUR) % HOURS) * ((2 * Math.PI) / HOURS);
  const waited = Math.max(0, now - time(last));
  return Float64Array.of(
    Number(act === ACT.search),
    Number(act === ACT.other),
    Number(act === ACT.cart),
    Number(act === ACT.buy),
    Number(before === ACT.cart),
    Number(before === ACT.buy),
    Number(last === start),
    Math.log1p(own.browsing),
    Math.log1p(own.carts),
    Math.log1p(own.buys),
    last > start ? seconds(time(last) - time(last - 1)) : 0,
    seconds(time(last) - time(start)),
    Math.log1p(named.size),
    Number(seenHere),
    Number(seenBefore),
    Number(hasOpenCart(trail, start, last + 1)),
    Number(hasOpenCart(trail, begin, start)),
    Math.log1p(start - begin),
    Math.log1p(earlier.carts),
    Math.log1p(earlier.buys),
    Number(start === begin),
    start > begin ? Math.log1p((time(start) - time(start - 1)) / HOUR) : 0,
    Math.sin(hour),
    Math.cos(hour),
    seconds(waited),
    waited / gap,
  );
}

/**
 * Three yes-or-no questions, one within the other (nested dichotomies; Fox 1997, "Applied regression analysis", 15.2): does the
 * shopper leave; if not, is it a purchase; if not, is it a cart. Each is a logistic regression, fitted to the moments in which it
 * arises, so that their products sum to 1 and keep to the shares that came.
 */
export const QUESTIONS = ['leave', 'buy', 'cart'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface NextEventModel {
  /** Milliseconds without an event after which a session is over. */
  sessionGap: number;
  /** COLUMNS, as they were when it learned. */
  columns: readonly string[];
  /** Of each question: a weight for each column, as it is, and the intercept last. */
  weights: Record<Question, readonly number[]>;
}

function answer(weights: readonly number[], moment: Float64Array): number {
  let score = weights[moment.length] ?? 0;
  for (const [column, value] of moment.entries()) score += value * (weights[column] ?? 0);
  return logit(score);
}

/** The probabilities of a moment. */
export function foretell({ weights }: NextEventModel, moment: Float64Array): NextEvent {
  const leave = answer(weights.leave, moment);
  const buy = (1 - leave) * answer(weights.buy, moment);
  const cart = (1 - leave - buy) * answer(weights.cart, moment);
  return { browse: Math.max(0, 1 - leave - buy - cart), cart, buy, leave };
}

/**
 * What a shopper does next, as of `now`; null where no session is going on, and where nothing was learned of it.
 * @param events oldest first, none after `now`
 */
export function nextEventOf(
  model: NextEventModel | null,
  types: EventTypeTable,
  events: readonly HistoryEvent[],
  now: number,
): NextEvent | null {
  // Another version of this file learned from other numbers.
  if (!model || model.columns.join() !== COLUMNS.join()) return null;
  const acts = actsOf(types);
  const actOf = new Map(types.names.map((name, index) => [name, acts[index] ?? ACT.unheeded]));
  const heeded = events.filter(({ type }) => (actOf.get(type) ?? ACT.unheeded) !== ACT.unheeded);
  const last = heeded.length - 1;
  const trail: Trail = {
    acts: heeded.map(({ type }) => actOf.get(type) ?? ACT.other),
    times: heeded.map(({ at }) => at),
    items: heeded.map(({ item }) => item),
  };
  const since = now - (trail.times[last] ?? Number.NEGATIVE_INFINITY);
  return since <= model.sessionGap ? foretell(model, describeMoment(trail, last, now, model.sessionGap)) : null;
}
