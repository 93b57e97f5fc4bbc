/**
 * A made-up shop: shoppers with tastes (a few categories, a brand and a style they like in each), who come in sessions, look around,
 * and come back for the thing that one needs next. What sells sells more. The seed repeats everything.
 */

import { Random } from '../evaluate/random.js';
import { DAY } from '../options.js';
import type { ShopEvent } from '../shopper/events.js';
import { CATEGORIES, type DemoCategory } from './vocabulary.js';

export interface DemoItem {
  readonly id: string;
  readonly title: string;
  readonly category: string;
  readonly brand: string;
  readonly style: string;
  readonly price: number;
}

export type DemoEvent = ShopEvent & { item: string; at: number };

export interface DemoShop {
  items: DemoItem[];
  /** Oldest first. */
  events: DemoEvent[];
  shoppers: number;
}

export interface DemoShopOptions {
  seed: number;
  /** Default: 3,000. */
  shoppers?: number;
  /** The end of the 60 days, in milliseconds since 1970. Default: the end of January 2026. */
  until?: number;
}

const MINUTE = 60_000;
const SPAN = 60 * DAY;
const UNTIL = Date.UTC(2026, 1, 1);

/** How often taste decides, where it could. */
const LOYALTY = { brand: 0.7, style: 0.65, nextThing: 0.75, sameCategory: 0.6 };

/** Items of one category, by thing, brand and style. */
class Shelf {
  readonly items: DemoItem[] = [];

  constructor(
    readonly category: DemoCategory,
    number: number,
    random: Random,
  ) {
    for (const [thing, [name, price]] of category.things.entries()) {
      for (const [brand, brandName] of category.brands.entries()) {
        const level = 0.7 + 0.15 * brand;
        for (const [style, styleName] of category.styles.entries()) {
          const id = `${category.name.replaceAll(' ', '').slice(0, 3).toUpperCase()}-${number}${thing}${brand}${style}`;
          const exact = price * level * Math.exp(0.12 * random.normal());
          this.items.push({
            id,
            title: `${brandName} ${styleName} ${name}`,
            category: category.name,
            brand: brandName,
            style: styleName,
            price: Math.max(1, Math.round(exact)) - 0.05,
          });
        }
      }
    }
  }

  at(thing: number, brand: number, style: number): DemoItem | undefined {
    const { brands, styles } = this.category;
    return this.items[(thing * brands.length + brand) * styles.length + style];
  }
}

/** What a shopper likes in one category, and how far they have got in it. */
interface Taste {
  shelf: Shelf;
  brand: number;
  style: number;
  /** The next thing they are likely to need. */
  thing: number;
}

/** A number from 0 to n - 1, small ones more often (Zipf, exponent near 1): what is well known is looked at more. */
function skewed(random: Random, n: number): number {
  return Math.min(n - 1, Math.floor((n + 1) ** random.next()) - 1);
}

function makeTastes(random: Random, shelves: readonly Shelf[]): Taste[] {
  const count = 1 + skewed(random, 4);
  const numbers = Float64Array.from(shelves.keys());
  random.shuffle(numbers, 0, numbers.length);
  return [...numbers.subarray(0, count)].flatMap((number) => {
    const shelf = shelves[number];
    if (!shelf) return [];
    const { brands, styles, things } = shelf.category;
    return [{ shelf, brand: skewed(random, brands.length), style: random.below(styles.length), thing: skewed(random, things.length) }];
  });
}

/** One visit: a thing or two, some items of each looked at, now and then one put in the cart or bought. */
function visit(random: Random, user: string, taste: Taste, startedAt: number, session: string): DemoEvent[] {
  const events: DemoEvent[] = [];
  const { brands, styles, things } = taste.shelf.category;
  let at = startedAt;
  const add = (item: string, type: string): void => {
    events.push({ user, item, type, at: Math.round(at), session });
    at += (0.5 + 3 * random.next()) * MINUTE;
  };
  do {
    const views = 1 + skewed(random, 4);
    let last: DemoItem | undefined;
    for (let view = 0; view < views; view++) {
      const brand = random.next() < LOYALTY.brand ? taste.brand : skewed(random, brands.length);
      const style = random.next() < LOYALTY.style ? taste.style : skewed(random, styles.length);
      const item = taste.shelf.at(taste.thing, brand, style);
      if (!item || item === last) continue;
      last = item;
      add(item.id, 'view');
    }
    if (last && random.next() < 0.4) {
      add(last.id, 'cart');
      if (random.next() < 0.6) add(last.id, 'purchase');
    }
    taste.thing = random.next() < LOYALTY.nextThing ? (taste.thing + 1) % things.length : skewed(random, things.length);
  } while (random.next() < 0.45);
  return events;
}

/** Makes the shop: 3,024 items in 12 categories, and what its shoppers did in 60 days. */
export function makeDemoShop({ seed, shoppers = 2000, until = UNTIL }: DemoShopOptions): DemoShop {
  const pricing = new Random(seed, 1);
  const shelves = CATEGORIES.map((category, number) => new Shelf(category, number, pricing));
  const events: DemoEvent[] = [];
  for (let number = 0; number < shoppers; number++) {
    const random = new Random(seed, number + 2);
    const user = `s${String(number + 1).padStart(4, '0')}`;
    const tastes = makeTastes(random, shelves);
    const visits = 2 + skewed(random, 10);
    const starts = Array.from({ length: visits }, () => until - SPAN * random.next()).sort((a, b) => a - b);
    let taste = tastes[0];
    for (const [index, start] of starts.entries()) {
      if (random.next() > LOYALTY.sameCategory) taste = tastes[random.below(tastes.length)];
      if (taste) events.push(...visit(random, user, taste, start, `${user}-${index + 1}`));
    }
  }
  events.sort((a, b) => a.at - b.at);
  return { items: shelves.flatMap((shelf) => shelf.items), events, shoppers };
}
