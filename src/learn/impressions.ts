/**
 * Lists that shoppers were shown, out of the event log: a list is the impressions of one request (of one moment, where the
 * shop names no request), and what came of an item is what its shopper did with it afterwards.
 */

import { throwIfAborted } from '../jobs.js';
import type { NativeHistories, NativeLists } from '../native.js';
import { DAY } from '../options.js';
import { EVENT_TYPES } from '../shopper/events.js';
import type { EventBlock } from '../store/block.js';
import type { EventLogReader } from '../store/store.js';
import { gainOf, type Goals } from './goals.js';
import { drawOf, gather, heldFrom, NO_ROW } from './slice.js';
import { turn } from './run.js';

const NO_POSITION = 0xffffffff;
const IMPRESSION = EVENT_TYPES.indexOf('impression');
/** Milliseconds after which what a shopper does with an item no longer answers to a list that nobody named. */
const ANSWERED_WITHIN = DAY;
/** Most lists that teach, and most events of what came before them. */
const MOST_LISTS = 24_000;
const MOST_EVENTS = 2_000_000;

export interface ShownList {
  /** Row among the histories. */
  user: number;
  /** Milliseconds since 1970. */
  at: number;
  rows: number[];
  /** From 0; 0xFFFFFFFF where the shop did not say. */
  positions: number[];
  /** The most that each item reached, 0 for nothing. */
  gains: number[];
}

/** Something that was done in answer to a request that the event names. */
interface Answer {
  list: string;
  user: number;
  row: number;
  type: number;
  at: number;
  weight: number;
}

/** What of the log is read, and by which rows. */
export interface LogView {
  log: EventLogReader;
  /** Item row of a durable key. */
  rowOf: (key: number) => number | undefined;
  userRows: (users: readonly string[]) => Uint32Array;
  weightOf: (type: number, value: number) => number;
}

interface Found {
  lists: Map<string, ShownList>;
  answers: Answer[];
}

function readBlock(block: EventBlock, { rowOf, userRows, weightOf }: LogView, { lists, answers }: Found): void {
  const wanted = block.extras.flatMap((extras, index) =>
    block.types[index] === IMPRESSION || extras?.requestId !== undefined ? [{ extras, index }] : [],
  );
  const users = userRows(wanted.map(({ index }) => block.users[index] ?? ''));
  for (const [place, { extras, index }] of wanted.entries()) {
    const user = users[place] ?? NO_ROW;
    const row = rowOf(block.itemKeys[index] ?? 0);
    if (user === NO_ROW || row === undefined) continue;
    const at = block.times[index] ?? 0;
    const type = block.types[index] ?? 0;
    const list = extras?.requestId === undefined ? `${user} at ${at}` : `${user} asked ${extras.requestId}`;
    if (type !== IMPRESSION) {
      answers.push({ list, user, row, type, at, weight: weightOf(type, block.values[index] ?? Number.NaN) });
      continue;
    }
    const shown = lists.get(list) ?? { user, at, rows: [], positions: [], gains: [] };
    lists.set(list, shown);
    shown.at = Math.min(shown.at, at);
    if (shown.rows.includes(row)) continue;
    shown.rows.push(row);
    shown.positions.push(extras?.position ?? NO_POSITION);
    shown.gains.push(0);
  }
}

/** The first place of a user's events at or after a moment. */
function placeOf({ times }: NativeHistories, from: number, to: number, at: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Tells the lists of events that name no request: each answers to the last list that showed its item, within a day. */
function answerByItem(
  lists: readonly ShownList[],
  histories: NativeHistories,
  named: ReadonlySet<string>,
  goals: Goals | undefined,
  note: (list: ShownList, row: number, at: number, gain: number) => void,
): void {
  const latest = [...lists].sort((a, b) => a.user - b.user || b.at - a.at);
  const answered = new Set<number>();
  for (const [index, list] of latest.entries()) {
    if (latest[index - 1]?.user !== list.user) answered.clear();
    const to = histories.offsets[list.user + 1] ?? 0;
    for (let at = placeOf(histories, histories.offsets[list.user] ?? 0, to, list.at); at < to; at++) {
      const time = histories.times[at] ?? 0;
      if (time > list.at + ANSWERED_WITHIN) break;
      const row = histories.rows[at] ?? NO_ROW;
      const type = histories.types[at] ?? 0;
      const gain = gainOf(goals, type, histories.weights[at] ?? 0);
      if (gain <= 0 || answered.has(at) || !list.rows.includes(row) || named.has(`${list.user} ${row} ${type} ${time}`)) continue;
      answered.add(at);
      note(list, row, time, gain);
    }
  }
}

/**
 * The lists of the log, with what came of them.
 * @param histories everybody's, whose rows of users the view speaks of
 * @param kept what training has of them: lists from then on that validation holds back, or that something came of then, are
 * left out
 * @throws KairankError KAIRANK_ABORTED
 */
export async function shownLists(
  view: LogView,
  histories: NativeHistories,
  kept: NativeHistories,
  goals: Goals | undefined,
  signal: AbortSignal | undefined,
): Promise<ShownList[]> {
  const found: Found = { lists: new Map(), answers: [] };
  for (const block of view.log.replay()) {
    readBlock(block, view, found);
    await turn();
    throwIfAborted(signal);
  }
  const users = histories.offsets.length - 1;
  const until = (user: number): number => heldFrom(histories, kept, user) ?? Number.POSITIVE_INFINITY;
  const lists = [...found.lists.values()].filter(({ user, at }) => user < users && at < until(user));
  const validated = new Set<ShownList>();
  const note = (list: ShownList, row: number, at: number, gain: number): void => {
    const place = list.rows.indexOf(row);
    if (place < 0 || at < list.at) return;
    if (at >= until(list.user)) validated.add(list);
    list.gains[place] = Math.max(list.gains[place] ?? 0, gain);
  };
  const named = new Set<string>();
  for (const { list, user, row, type, at, weight } of found.answers) {
    named.add(`${user} ${row} ${type} ${at}`);
    const shown = found.lists.get(list);
    const gain = gainOf(goals, type, weight);
    if (shown && gain > 0 && user < users) note(shown, row, at, gain);
  }
  answerByItem(lists, histories, named, goals, note);
  return lists.filter((list) => !validated.has(list));
}

/**
 * Those of the lists that models did not learn from: shown at or after the first event that `kept`, what they were fitted
 * to, has not of their shopper; each with what the shopper did before it. At most 24,000, drawn by seed; null where there are none.
 */
export function listsAfter(
  lists: readonly ShownList[],
  histories: NativeHistories,
  kept: NativeHistories,
  seed: number,
): NativeLists | null {
  const later = lists.filter(({ user, at }) => at >= (heldFrom(histories, kept, user) ?? Number.POSITIVE_INFINITY));
  const drawn = later
    .map((list, index) => ({ list, draw: drawOf(seed, index) }))
    .sort((a, b) => a.draw - b.draw)
    .slice(0, MOST_LISTS);
  const spans: { list: ShownList; from: number; to: number }[] = [];
  let events = 0;
  for (const { list } of drawn) {
    const from = histories.offsets[list.user] ?? 0;
    const to = placeOf(histories, from, histories.offsets[list.user + 1] ?? 0, list.at);
    events += to - from;
    if (events > MOST_EVENTS && spans.length > 0) break;
    spans.push({ list, from, to });
  }
  if (spans.length === 0) return null;
  const offsets = [0];
  for (const { list } of spans) offsets.push((offsets.at(-1) ?? 0) + list.rows.length);
  return {
    histories: gather(histories, spans),
    offsets: Float64Array.from(offsets),
    rows: Uint32Array.from(spans.flatMap(({ list }) => list.rows)),
    positions: Uint32Array.from(spans.flatMap(({ list }) => list.positions)),
    gains: Float32Array.from(spans.flatMap(({ list }) => list.gains)),
  };
}
