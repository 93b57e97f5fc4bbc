/** What an event is to somebody who foretells the next one: looking, searching, a cart, a purchase; or nothing at all. */

import { DEFAULT_WEIGHTS, type BuiltInEventType } from './events.js';
import type { EventTypeTable } from './event-types.js';

/** `unheeded`: not an act of the shopper's visit. */
export const ACT = { unheeded: -1, look: 0, search: 1, other: 2, cart: 3, buy: 4 } as const;
export type Act = (typeof ACT)[keyof typeof ACT];

/** An impression is the shop's act, and a return comes days later, by the post. */
const BUILT_IN: Readonly<Record<BuiltInEventType, Act>> = {
  view: ACT.look,
  click: ACT.look,
  search: ACT.search,
  impression: ACT.unheeded,
  cart: ACT.cart,
  'remove-from-cart': ACT.other,
  favourite: ACT.other,
  purchase: ACT.buy,
  return: ACT.unheeded,
  rating: ACT.other,
  dismiss: ACT.other,
};

function isBuiltIn(name: string): name is BuiltInEventType {
  return Object.hasOwn(BUILT_IN, name);
}

/**
 * The act of each type, in the order of their indexes. A type of the shop's own is what its weight makes it: as much as a purchase's
 * is a purchase, as much as a cart's a cart, less is browsing, and of a type that does not speak for items nothing is known.
 */
export function actsOf(types: EventTypeTable): Act[] {
  return types.names.map((name, index) => {
    if (isBuiltIn(name)) return BUILT_IN[name];
    const weight = types.weight(index);
    if (weight >= DEFAULT_WEIGHTS.purchase) return ACT.buy;
    if (weight >= DEFAULT_WEIGHTS.cart) return ACT.cart;
    return weight > 0 ? ACT.other : ACT.unheeded;
  });
}
