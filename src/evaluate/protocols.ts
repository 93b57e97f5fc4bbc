/** From a file to a split: formats of evaluation data, and the protocols that are defined on them. */

import { refuse } from '../options.js';
import { createMappingAdapter, type MappingOptions } from '../shopper/adapters/mapping.js';
import { createOnlineRetailAdapter } from '../shopper/adapters/online-retail.js';
import { readInteractions } from './data/records.js';
import { readSequences } from './data/sequences.js';
import { type Interactions, shuffleTies } from './interactions.js';
import { leaveOneOut, type Split, temporal } from './splits.js';

/** A new format of evaluation data is one reader under data/ and one entry here. */
export const DATA_FORMATS = ['sequences', 'events', 'online-retail'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

export const PROTOCOLS = ['leave-one-out', 'temporal'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface ProtocolOptions {
  format: DataFormat;
  /** Default: leave-one-out for sequences, temporal elsewhere. */
  protocol?: Protocol | undefined;
  /** Columns of `events`. */
  mapping?: MappingOptions | undefined;
  /** First moment of the test period, in milliseconds since 1970 (temporal). Default: the day one month before the last event. */
  testFrom?: number | undefined;
  /** First moment of the validation period (temporal). Default: one month before `testFrom`. */
  validationFrom?: number | undefined;
  /** Puts items of the same moment in random order before splitting. */
  shuffleTies?: boolean;
  /** File of time gaps (sequences). Default: `timegaps.txt` beside the data. */
  gaps?: string | undefined;
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
}

async function read(path: string, options: ProtocolOptions): Promise<Interactions> {
  const { signal } = options;
  switch (options.format) {
    case 'sequences':
      return readSequences(path, { signal, ...(options.gaps === undefined ? {} : { gaps: options.gaps }) });
    case 'events': {
      const { mapping } = options;
      if (mapping === undefined) refuse('map', 'columns for user, item and at (--map user=…,item=…,at=…)', 'none');
      return readInteractions(path, { signal, adapter: (columns) => createMappingAdapter(mapping, columns) });
    }
    case 'online-retail':
      return readInteractions(path, { signal, adapter: createOnlineRetailAdapter, keep: (event) => event.type === 'purchase' });
  }
}

/** The same day of the month before, at midnight UTC; the last day of that month where it has no such day. */
export function monthBefore(time: number): number {
  const date = new Date(time);
  const month = date.getUTCMonth() - 1;
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), lastDay));
}

/** Reads the data and splits it by the protocol. @throws KairankError KAIRANK_INVALID_ARGUMENT for options that do not fit together. */
export async function prepareSplit(path: string, options: ProtocolOptions): Promise<PreparedSplit> {
  const protocol = options.protocol ?? (options.format === 'sequences' ? 'leave-one-out' : 'temporal');
  if (options.gaps !== undefined && options.format !== 'sequences') refuse('gaps', 'the format sequences', options.format);
  const plain = await read(path, options);
  if ((options.shuffleTies || protocol === 'temporal') && !plain.timed) {
    refuse(
      options.shuffleTies ? 'shuffleTies' : 'protocol',
      'data with times (for sequences: a timegaps.txt beside them, or --gaps FILE)',
      path,
    );
  }
  if (protocol === 'temporal' && options.format === 'sequences') {
    refuse('protocol', 'leave-one-out: the times of sequences are relative to each user', protocol);
  }
  const interactions = options.shuffleTies ? shuffleTies(plain, options.seed) : plain;
  const excludeSeen = options.format === 'sequences';
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
  let last = Number.NEGATIVE_INFINITY;
  for (const time of interactions.histories.times) if (time > last) last = time;
  const testFrom = options.testFrom ?? monthBefore(last);
  const validationFrom = options.validationFrom ?? monthBefore(testFrom);
  return {
    interactions,
    split: temporal(interactions, { testFrom, validationFrom }),
    protocol,
    excludeSeen,
    settings: {
      shuffleTies: shuffled,
      target: 'distinct items of the first basket from testFrom',
      testFrom: new Date(testFrom).toISOString(),
      validationFrom: new Date(validationFrom).toISOString(),
    },
  };
}
