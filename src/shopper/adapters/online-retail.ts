/**
 * The invoices of Online Retail and Online Retail II (UCI Machine Learning Repository; Chen et al. 2012), one row a line of an
 * invoice, in both published namings of the columns.
 *
 *   purchase   quantity and price above 0, invoice not beginning with C
 *   return     a cancellation (C…) or a quantity below 0, where the customer is known
 *   rejected   the rest: returns of nobody, lines without a price, adjustments, lines that cannot be read
 *
 * Stock codes are upper-cased. A purchase without a customer belongs to a shopper of its own, `invoice:489521`: nobody is served by
 * it, but it says what is bought together.
 */

import type { Fields } from '../../formats/records.js';
import { refuse } from '../../options.js';
import { type Adapted, type Adapter, asId, asNumber, type ItemFacts, tooLong } from './adapter.js';
import { parseIso, parseMonthFirst } from './times.js';

const NAMES = {
  invoice: ['Invoice', 'InvoiceNo'],
  stock: ['StockCode'],
  description: ['Description'],
  quantity: ['Quantity'],
  date: ['InvoiceDate'],
  price: ['Price', 'UnitPrice'],
  customer: ['Customer ID', 'CustomerID'],
} as const;
type Part = keyof typeof NAMES;

function findColumns(available: readonly string[]): Record<Part, string> {
  const find = (part: Part): string => {
    const names: readonly string[] = NAMES[part];
    const found = names.find((name) => available.includes(name));
    if (found === undefined) refuse('columns', `a column ${names.join(' or ')}`, available.join(', '));
    return found;
  };
  return {
    invoice: find('invoice'),
    stock: find('stock'),
    description: find('description'),
    quantity: find('quantity'),
    date: find('date'),
    price: find('price'),
    customer: find('customer'),
  };
}

function readTime(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return parseIso(text) ?? parseMonthFirst(text);
}

/** Customers are whole numbers that some files write as 13085.0. */
function readCustomer(value: unknown): string | undefined {
  return asId(value)?.replace(/\.0+$/, '');
}

/**
 * Adapts lines of invoices. An event's id is invoice, stock code and which line of the two it is, so that a file can be imported
 * again, or one that overlaps it, and nothing counts twice.
 *
 * @param available names of the file's columns; undefined (JSONL): those of Online Retail II.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT naming a column that is not there.
 */
export function createOnlineRetailAdapter(available: readonly string[] | undefined): Adapter {
  const column = findColumns(available ?? Object.values(NAMES).map(([name]) => name));
  const lines = new Map<string, Map<string, number>>();
  let last: { text: unknown; time: number | undefined } = { text: undefined, time: undefined };
  /** The lines of an invoice have one time, and stand together. */
  const timeOf = (text: unknown): number | undefined => {
    if (text !== last.text) last = { text, time: readTime(text) };
    return last.time;
  };
  /** Which line of its invoice and item it is, from 1. */
  const lineOf = (invoice: string, item: string): number => {
    let ofInvoice = lines.get(invoice);
    if (!ofInvoice) {
      ofInvoice = new Map();
      lines.set(invoice, ofInvoice);
    }
    const line = (ofInvoice.get(item) ?? 0) + 1;
    ofInvoice.set(item, line);
    return line;
  };
  const items = new Map<string, ItemFacts>();
  return {
    columns: Object.values(column),
    items,
    notes: { at: 'UTC' },
    prepare: () => undefined,
    adapt(fields: Fields): Adapted {
      const invoice = asId(fields[column.invoice]);
      if (invoice === undefined) return { rejected: 'invoice missing' };
      const item = asId(fields[column.stock])?.toUpperCase();
      if (item === undefined) return { rejected: 'item missing' };
      if (tooLong(item) || tooLong(invoice)) return { rejected: 'id too long' };
      const at = timeOf(fields[column.date]);
      if (at === undefined) return { rejected: 'at unreadable' };
      const quantity = asNumber(fields[column.quantity]) ?? Number.NaN;
      const price = asNumber(fields[column.price]) ?? Number.NaN;
      if (Number.isNaN(quantity)) return { rejected: 'quantity unreadable' };
      if (Number.isNaN(price)) return { rejected: 'price unreadable' };
      if (quantity === 0) return { rejected: 'quantity of 0' };
      const customer = readCustomer(fields[column.customer]);
      const returned = /^c/i.test(invoice) || quantity < 0;
      if (returned && customer === undefined) return { rejected: 'return without a customer' };
      if (!returned && !(price > 0)) return { rejected: 'price not above 0' };
      if (!returned) remember(items, item, fields[column.description], price);
      const line = lineOf(invoice, item);
      const event = {
        user: customer ?? `invoice:${invoice}`,
        item,
        type: returned ? 'return' : 'purchase',
        at,
        id: line === 1 ? `${invoice}:${item}` : `${invoice}:${item}:${line}`,
        session: invoice,
        value: price,
        quantity: Math.abs(quantity),
      };
      return customer === undefined ? { event, anonymous: true } : { event };
    },
  };
}

/** The latest price and description that an item was sold with. */
function remember(items: Map<string, ItemFacts>, id: string, description: unknown, price: number): void {
  const facts = items.get(id) ?? {};
  facts.price = price;
  const title = asId(description);
  if (title !== undefined) facts.title = title;
  items.set(id, facts);
}
