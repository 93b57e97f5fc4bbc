/** A shop whose shoppers follow known chances: the true probability of what comes next stands beside every moment. */

import { Random } from '../../src/evaluate/random.js';
import type { NextEvent, NextOutcome } from '../../src/shopper/next-event.js';

export interface WalkEvent {
  user: string;
  item: string;
  type: 'view' | 'cart' | 'purchase';
  at: number;
}

export interface Walk {
  /** By shopper, oldest first. */
  shoppers: WalkEvent[][];
  /** Of each event of each shopper: what came next, and the chances that decided it. */
  truth: { came: NextOutcome; chances: NextEvent }[][];
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = 1.7e12;
const MONTHS = 90 * DAY;

export type Chances = (last: WalkEvent['type'], openCart: boolean) => NextEvent;

/** Whoever has a filled cart buys now and then; whoever has bought mostly leaves. */
export const CHANCES: Chances = (last, openCart) => {
  if (last === 'purchase') return { browse: 0.2, cart: 0.05, buy: 0.05, leave: 0.7 };
  if (last === 'cart') return { browse: 0.35, cart: 0.1, buy: 0.4, leave: 0.15 };
  return openCart ? { browse: 0.45, cart: 0.1, buy: 0.2, leave: 0.25 } : { browse: 0.5, cart: 0.2, buy: 0.02, leave: 0.28 };
};

/** Milliseconds between two events of a visit: their mean, exponentially distributed, and cut off below the session gap. */
export const MEAN_WAIT = 3 * MINUTE;
export const LONGEST_WAIT = 29 * MINUTE;

function draw(random: Random, { browse, cart, buy }: NextEvent): NextOutcome {
  const at = random.next();
  if (at < browse) return 'browse';
  if (at < browse + cart) return 'cart';
  return at < browse + cart + buy ? 'buy' : 'leave';
}

const TYPES = { browse: 'view', cart: 'cart', buy: 'purchase' } as const;

/** Visits of many shoppers over three months, each an hour apart at least. */
export function walk(seed: number, shoppers: number, chances: Chances = CHANCES): Walk {
  const made: Walk = { shoppers: [], truth: [] };
  for (let number = 0; number < shoppers; number++) {
    const random = new Random(seed, number);
    const events: WalkEvent[] = [];
    const truth: Walk['truth'][number] = [];
    const starts = Array.from({ length: 1 + random.below(8) }, () => random.next() * MONTHS).sort((a, b) => a - b);
    let at = START;
    for (const start of starts) {
      at = Math.max(START + start, at + 60 * MINUTE);
      let type: WalkEvent['type'] = 'view';
      let open = false;
      for (;;) {
        events.push({ user: `u${number}`, item: `i${random.below(40)}`, type, at: Math.round(at) });
        open = type === 'cart' || (open && type !== 'purchase');
        const likely = chances(type, open);
        const came = draw(random, likely);
        truth.push({ came, chances: likely });
        if (came === 'leave') break;
        type = TYPES[came];
        at += Math.max(1000, Math.min(LONGEST_WAIT, -MEAN_WAIT * Math.log(1 - random.next())));
      }
    }
    made.shoppers.push(events);
    made.truth.push(truth);
  }
  return made;
}
