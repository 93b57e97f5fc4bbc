/** Reasons in words: which of the shopper's events spoke for an item. */

import type { NativeReply } from '../native.js';
import type { EventTypeTable } from '../shopper/event-types.js';
import type { Subject } from './parse.js';
import type { Reason } from './requests.js';

/** What a shopper did, as a sentence says it; own types get the general form. */
const SENTENCES: Readonly<Record<string, (title: string) => string>> = {
  view: (title) => `Because you looked at ${title}`,
  click: (title) => `Because you looked at ${title}`,
  cart: (title) => `Because you put ${title} in your cart`,
  favourite: (title) => `Because ${title} is one of your favourites`,
  purchase: (title) => `Because you bought ${title}`,
  rating: (title) => `Because you rated ${title}`,
};

function sentence(type: string, title: string): string {
  const words = Object.hasOwn(SENTENCES, type) ? SENTENCES[type] : undefined;
  return words ? words(title) : `Because of ${title} (${type})`;
}

const POPULAR: Reason = { kind: 'popular', weight: 1, text: 'Popular with other shoppers' };

/** How many reasons each item of a reply has room for. */
function room(reply: NativeReply): number {
  return reply.ids.length === 0 ? 0 : reply.reasonItems.length / reply.ids.length;
}

/** The items that the reasons of a reply name, for their titles to be looked up at once. */
export function reasonItems(reply: NativeReply): string[] {
  return [...new Set(reply.reasonItems)].filter((id) => id !== '');
}

/**
 * The reasons of the item at `index`, strongest first.
 * @param titles of the items that reasons name; an id without one stands for itself
 * @param subject what was asked about, when the question was `similar`
 */
export function reasonsOf(
  reply: NativeReply,
  index: number,
  types: EventTypeTable,
  titles: ReadonlyMap<string, string>,
  subject: Subject | null,
): Reason[] {
  if (subject && 'text' in subject) return [{ kind: 'matches', weight: 1, text: `Matches “${subject.text}”` }];
  const reasons: Reason[] = [];
  const places = room(reply);
  for (let at = index * places; at < (index + 1) * places; at++) {
    const item = reply.reasonItems[at];
    const weight = reply.reasonWeights[at] ?? 0;
    if (item === undefined || item === '' || !(weight > 0)) continue;
    const title = titles.get(item) ?? item;
    const type = types.name(reply.reasonTypes[at] ?? 0);
    if (subject) reasons.push({ kind: 'similar-to', item, weight, text: `Similar to ${title}` });
    else reasons.push({ kind: 'because-you', item, type, weight, text: sentence(type, title) });
  }
  return reasons.length > 0 ? reasons.sort((a, b) => b.weight - a.weight) : [{ ...POPULAR }];
}
