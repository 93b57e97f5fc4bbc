/** The vocabulary of events: what shoppers do, and how much each thing says about the item it was done to. */

import type { Interests } from './interests.js';
import type { NextEvent } from './next-event.js';

/** The types that every engine knows, in the order of their native indexes: append only, the log stores the index. */
export const EVENT_TYPES = [
  'view',
  'click',
  'search',
  'impression',
  'cart',
  'remove-from-cart',
  'favourite',
  'purchase',
  'return',
  'rating',
  'dismiss',
] as const;
export type BuiltInEventType = (typeof EVENT_TYPES)[number];

/**
 * Default weight of each type, a purchase being 1: above 0 it speaks for the item, below 0 against it, 0 is neutral.
 * A rating's weight is multiplied by its `value` (-1 to 1).
 */
export const DEFAULT_WEIGHTS: Readonly<Record<BuiltInEventType, number>> = {
  view: 0.3,
  click: 0.3,
  search: 0,
  impression: 0,
  cart: 0.6,
  'remove-from-cart': -0.3,
  favourite: 0.8,
  purchase: 1,
  return: -0.5,
  rating: 1,
  dismiss: -1,
};

/** A shop's own type, or another weight for a built-in one. */
export interface EventTypeSpec {
  /** From -100 to 100; see {@link DEFAULT_WEIGHTS}. */
  weight: number;
}
export type EventTypes = Readonly<Record<string, EventTypeSpec>>;

/**
 * Something a shopper did. `item` may be left out of a search only, which needs `query`; a rating needs `value`.
 */
export interface ShopEvent<T extends string = string> {
  /** Who: 1 to 512 characters. */
  user: string;
  /** To which item; it need not be in the catalogue (see `unknownItems`). */
  item?: string;
  type: BuiltInEventType | T;
  /** When: a Date, an ISO 8601 string or milliseconds since 1970. Default: now. */
  at?: Date | string | number;
  /** Identifies the event: an event whose id was accepted before is counted as a duplicate and not stored again. */
  id?: string;
  /** The visit it belongs to. */
  session?: string;
  /** The words of a search. */
  query?: string;
  /** A rating from -1 (hated) to 1 (loved); for other types an amount of money, stored and not weighed. */
  value?: number;
  /** How many pieces; above 0. */
  quantity?: number;
  /** Of the recommendation that an impression (or what followed it) answers to. */
  requestId?: string;
  /** Place in the list that was shown, from 0. */
  position?: number;
  /** Probability with which the item was shown there; above 0, at most 1. */
  propensity?: number;
  /** Which models chose the item. */
  modelVersion?: string;
}

/** An event of a visit that is passed with a request and not stored. */
export interface VisitEvent<T extends string = string> {
  item: string;
  /** Default: view. */
  type?: BuiltInEventType | T;
  /** Default: the time of the request. */
  at?: Date | string | number;
}

export interface AddedEvents {
  accepted: number;
  /** Events whose `id` had been accepted before. */
  duplicates: number;
}

/** An event as a history shows it. */
export interface HistoryEvent {
  /** null for an event without an item. */
  item: string | null;
  type: string;
  /** Milliseconds since 1970. */
  at: number;
  weight: number;
}

/** What the engine knows of a shopper. */
export interface Shopper {
  user: string;
  /** The last events, oldest first. */
  events: HistoryEvent[];
  /** What they are looking for now, by field of the catalogue; see {@link Interests}. */
  interests: Interests;
  /**
   * What they do next, as probabilities that sum to 1: `cart` puts something into the cart, `buy` is a purchase, `browse` anything
   * else, and `leave` nothing within the session gap of `train` (30 minutes by default) after their last event. It knows how long
   * ago that was. null when they are not in a session, before the first training, and where training had nothing to learn it from.
   */
  next: NextEvent | null;
}
