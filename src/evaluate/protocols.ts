/** From a file to a split: formats of evaluation data, and the protocols that are defined on them. */

import { oneOf, refuse } from '../options.js';
import type { Adapter } from '../shopper/adapters/adapter.js';
import { type ColumnMap, createMappingAdapter, EVENT_PARTS, type MappingOptions } from '../shopper/adapters/mapping.js';
import { createOnlineRetailAdapter } from '../shopper/adapters/online-retail.js';
import { EVENT_TYPES } from '../shopper/events.js';
import { COLD_SHARE, coldItems } from './cold.js';
import { readItems } from './data/items.js';
import { readHeldOut } from './data/lightgcn.js';
import { readInteractions } from './data/records.js';
import { readSequences } from './data/sequences.js';
import { readSessions } from './data/sessions.js';
import { foldsOf, takeFold } from './folds.js';
import { type Interactions, shuffleTies } from './interactions.js';
import { holdout, leaveOneOut, prefixes, type Split, temporal } from './splits.js';

/** A new format of evaluation data is one reader under data/ and one entry here. */
export const DATA_FORMATS = ['sequences', 'sessions', 'lightgcn', 'events', 'online-retail'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

export const PROTOCOLS = ['leave-one-out', 'temporal', 'prefixes', 'holdout', 'cold-items'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface ProtocolOptions {
  format: DataFormat;
  /** Default: what the format is for (see PROTOCOL_OF). */
  protocol?: Protocol | undefined;
  /** Columns of `events`. */
  mapping?: MappingOptions | undefined;
  /** First moment of the test period, in milliseconds since 1970 (temporal). Default: the day one month before the last event, or the last fifth of a short time. */
  testFrom?: number | undefined;
  /** First moment of the validation period (temporal). Default: one month before `testFrom`, or as long as the test. */
  validationFrom?: number | undefined;
  /** Puts items of the same moment in random order before splitting. */
  shuffleTies?: boolean;
  /** The event type that is to be foretold (events, temporal); every other is history alone. Default: any type. */
  goal?: string | undefined;
  /** File of time gaps (sequences). Default: `timegaps.txt` beside the data. */
  gaps?: string | undefined;
  /** Share of the items that is held out (cold-items, which it asks for where no protocol is named). Default: 0.1. */
  coldItems?: number | undefined;
  /** File of what the catalogue says of the items. Default: none. */
  items?: string | undefined;
  seed: number;
  signal?: AbortSignal | undefined;
}

export interface PreparedSplit {
  interactions: Interactions;
  split: Split;
  protocol: Protocol;
  /** Whether seen items are left out, by the data's own protocol: on sequences yes, in a shop where people buy again no. */
  excludeSeen: boolean;
  /** What was chosen here, for the report. */
  settings: Record<string, string | number | boolean>;
  /** Which fold of how many this is, from 1; absent where there are none. */
  fold?: { number: number; of: number };
}

/** Protocols that ask every user, or every known one, once. */
const FOLDED: readonly Protocol[] = ['leave-one-out', 'temporal'];

/**
 * The folds of a split, as splits of their own (see folds.ts).
 * @throws KairankError KAIRANK_INVALID_ARGUMENT for a protocol without folds, or more folds than users.
 */
export function foldsOfSplit(prepared: PreparedSplit, folds: number, seed: number): PreparedSplit[] {
  const { interactions, split, protocol } = prepared;
  if (!FOLDED.includes(protocol)) refuse('folds', `the protocol ${FOLDED.join(' or ')}`, protocol);
  const fold = foldsOf(interactions.users.length, folds, seed);
  return Array.from({ length: folds }, (_, number) => ({
    ...prepared,
    split: takeFold(split, fold, number),
    fold: { number: number + 1, of: folds },
  }));
}

/** The protocol of a format where none is asked for; for sessions and lightgcn there is no other. */
const PROTOCOL_OF: Readonly<Record<DataFormat, Protocol>> = {
  sequences: 'leave-one-out',
  sessions: 'prefixes',
  lightgcn: 'holdout',
  events: 'temporal',
  'online-retail': 'temporal',
};

async function read(path: string, options: ProtocolOptions): Promise<Interactions> {
  const { signal, goal } = options;
  switch (options.format) {
    case 'events': {
      const { mapping } = options;
      const adapter = (columns: readonly string[] | undefined): Adapter =>
        createMappingAdapter(mapping ?? { map: ownColumns(columns) }, columns);
      // With a goal, what speaks against an item is history like all else.
      return readInteractions(path, { signal, adapter, ...(goal === undefined ? {} : { keep: () => true }) });
    }
    case 'online-retail':
      return readInteractions(path, { signal, adapter: createOnlineRetailAdapter, keep: (event) => event.type === 'purchase' });
    default:
      return readSequences(path, { signal, ...(options.gaps === undefined ? {} : { gaps: options.gaps }) });
  }
}

/** The same day of the month before, at midnight UTC; the last day of that month where it has no such day. */
export function monthBefore(time: number): number {
  const date = new Date(time);
  const month = date.getUTCMonth() - 1;
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), lastDay));
}

/** A fifth of the time of the data for each of test and validation, where months leave less than that to learn from. */
const LEAST_SHARE = 1 / 5;

/** Where test and validation begin, for data from `first` to `last`. */
export function periodsOf(first: number, last: number, given: Pick<ProtocolOptions, 'testFrom' | 'validationFrom'>): [number, number] {
  const least = (last - first) * LEAST_SHARE;
  const month = given.testFrom ?? monthBefore(last);
  const monthly: [number, number] = [month, given.validationFrom ?? monthBefore(month)];
  if (given.validationFrom !== undefined || monthly[1] - first >= least) return monthly;
  const testFrom = given.testFrom ?? last - least;
  return [testFrom, Math.max(first + (testFrom - first) / 2, testFrom - (last - testFrom))];
}

/**
 * Reads the data, and the items where a file of them is given, and splits by the protocol.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT for options that do not fit together.
 */
export async function prepareSplit(path: string, options: ProtocolOptions): Promise<PreparedSplit> {
  const prepared = await splitData(path, options);
  if (options.items === undefined) return prepared;
  const records = await readItems(options.items, prepared.interactions.items, options.signal);
  return { ...prepared, split: { ...prepared.split, records } };
}

async function splitData(path: string, options: ProtocolOptions): Promise<PreparedSplit> {
  const { format, seed, signal } = options;
  const protocol = options.protocol ?? (options.coldItems === undefined ? PROTOCOL_OF[format] : 'cold-items');
  check(path, protocol, options);
  if (format === 'sessions') {
    const { interactions, tests } = await readSessions(path, signal);
    return { interactions, split: prefixes(interactions, tests), protocol, excludeSeen: false, settings: { target: 'next item' } };
  }
  if (format === 'lightgcn') {
    const { interactions, tests } = await readHeldOut(path, signal);
    return { interactions, split: holdout(interactions, tests, seed), protocol, excludeSeen: true, settings: { target: 'held-out items' } };
  }
  const plain = await read(path, options);
  if ((options.shuffleTies || protocol === 'temporal') && !plain.timed) {
    refuse(
      options.shuffleTies ? 'shuffleTies' : 'protocol',
      'data with times (for sequences: a timegaps.txt beside them, or --gaps FILE)',
      path,
    );
  }
  const interactions = options.shuffleTies ? shuffleTies(plain, seed) : plain;
  const excludeSeen = format === 'sequences';
  const shuffled = options.shuffleTies ?? false;
  if (protocol === 'leave-one-out') {
    return {
      interactions,
      split: leaveOneOut(interactions),
      protocol,
      excludeSeen,
      settings: { shuffleTies: shuffled, target: 'last item' },
    };
  }
  if (protocol === 'cold-items') {
    const share = options.coldItems ?? COLD_SHARE;
    return {
      interactions,
      split: coldItems(interactions, { share, seed }),
      protocol,
      excludeSeen,
      settings: { shuffleTies: shuffled, target: 'first held-out item', coldShare: share },
    };
  }
  const { times } = interactions.histories;
  const last = times.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
  const first = times.reduce((earliest, time) => Math.min(earliest, time), Number.POSITIVE_INFINITY);
  const [testFrom, validationFrom] = periodsOf(first, last, options);
  const { goal } = options;
  return {
    interactions,
    split:
      goal === undefined
        ? temporal(interactions, { testFrom, validationFrom })
        : { ...temporal(interactions, { testFrom, validationFrom, goal: typeOf(goal) }), goals: new Map([[typeOf(goal), 1]]) },
    protocol,
    excludeSeen,
    settings: {
      shuffleTies: shuffled,
      target: `distinct items of the first ${goal ?? 'basket'} from testFrom`,
      ...(goal === undefined ? {} : { goal }),
      testFrom: new Date(testFrom).toISOString(),
      validationFrom: new Date(validationFrom).toISOString(),
    },
  };
}

/** Refuses what does not fit together. */
function check(path: string, protocol: Protocol, options: ProtocolOptions): void {
  const { format, gaps, goal, shuffleTies: shuffles, coldItems: share } = options;
  const usual = PROTOCOL_OF[format];
  const only = format === 'sessions' || format === 'lightgcn' ? [usual] : (['leave-one-out', 'temporal', 'cold-items'] as const);
  if (!only.some((one) => one === protocol)) refuse('protocol', `${only.join(' or ')} for the format ${format}`, protocol);
  if (protocol === 'temporal' && format === 'sequences') {
    refuse('protocol', 'leave-one-out or cold-items: the times of sequences are relative to each user', protocol);
  }
  if (share !== undefined && protocol !== 'cold-items')
    refuse('protocol', 'cold-items, or none, where a share of items is held out', protocol);
  if (gaps !== undefined && format !== 'sequences') refuse('gaps', 'the format sequences', format);
  if (shuffles && usual !== 'leave-one-out' && usual !== 'temporal') refuse('shuffleTies', 'data with times', path);
  if (goal === undefined) return;
  if (format !== 'events' || protocol !== 'temporal')
    refuse('goal', 'the format events and the protocol temporal', `${format}, ${protocol}`);
  typeOf(goal);
}

function typeOf(goal: string): number {
  return EVENT_TYPES.indexOf(oneOf('goal', goal, EVENT_TYPES));
}

/** The columns that are called as the parts of an event are. */
function ownColumns(columns: readonly string[] | undefined): ColumnMap {
  return Object.fromEntries(EVENT_PARTS.filter((part) => columns === undefined || columns.includes(part)).map((part) => [part, part]));
}
