/** A made-up shop whose shoppers' tastes are known, so that what should be shown is known too. */

import type { RecommendRequest } from '../../src/index.js';

export const ITEMS = 200;
export const USERS = 400;
const STYLES = 8;
const MATCH = 2;
const SPREAD = 1.5;

type Random = () => number;

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const styleOf = (item: number): number => item % STYLES;
const all = Array.from({ length: ITEMS }, (_, item) => item);

/** Every shopper likes two styles; on top of that every item has an appeal of its own, until one night it is another's. */
export class Tastes {
  readonly random: Random;
  readonly #likes: ReadonlySet<number>[];
  readonly #appeal: number[];

  constructor(seed: number) {
    this.random = randomOf(seed);
    const { random } = this;
    const style = (): number => Math.floor(random() * STYLES);
    this.#likes = Array.from({ length: USERS }, () => new Set([style(), style()]));
    this.#appeal = all.map(() => SPREAD * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  }

  readonly items = all.map((item) => ({ id: `i${item}`, style: `s${styleOf(item)}` }));

  /** The same appeals, dealt anew among the items of each style. */
  turn(): void {
    for (let style = 0; style < STYLES; style++) {
      const own = all.filter((item) => styleOf(item) === style);
      for (let last = own.length - 1; last > 0; last--) {
        const other = Math.floor(this.random() * (last + 1));
        const [a = 0, b = 0] = [own[last], own[other]];
        [this.#appeal[a], this.#appeal[b]] = [this.#appeal[b] ?? 0, this.#appeal[a] ?? 0];
      }
    }
  }

  user(): number {
    return Math.floor(this.random() * USERS);
  }

  /** How likely a shopper takes each of some items, one of which it will be. */
  chances(user: number, among: readonly number[] = all): number[] {
    const odds = among.map((item) => Math.exp((this.#likes[user]?.has(styleOf(item)) ? MATCH : 0) + (this.#appeal[item] ?? 0)));
    const sum = odds.reduce((total, one) => total + one, 0);
    return odds.map((one) => one / sum);
  }

  /** What a shopper takes of some items, or of all. */
  choose(user: number, among: readonly number[] = all): number {
    let left = this.random();
    for (const [at, chance] of this.chances(user, among).entries()) {
      left -= chance;
      if (left <= 0) return among[at] ?? 0;
    }
    return among.at(-1) ?? 0;
  }
}

/** The part of an engine that shows lists. */
export interface Shelf {
  recommend(
    request: Pick<RecommendRequest, 'user' | 'k' | 'excludeSeen' | 'reasons'>,
  ): Promise<{ requestId: string; items: { id: string }[] }>;
}

const REQUEST = { k: 10, excludeSeen: false, reasons: false } as const;

/** The items shown to a shopper, and the list's name. */
export async function show(engine: Shelf, user: number): Promise<{ requestId: string; shown: number[] }> {
  const { requestId, items } = await engine.recommend({ ...REQUEST, user: `u${user}` });
  return { requestId, shown: items.map(({ id }) => Number(id.slice(1))) };
}

/** NDCG@10 that is to be expected of the lists of all shoppers, each of whom wishes for one item of the shop. */
export async function ndcg(engine: Shelf, tastes: Tastes): Promise<number> {
  let sum = 0;
  for (let user = 0; user < USERS; user++) {
    const chances = tastes.chances(user);
    const { shown } = await show(engine, user);
    for (const [place, item] of shown.entries()) sum += (chances[item] ?? 0) / Math.log2(place + 2);
  }
  return sum / USERS;
}
