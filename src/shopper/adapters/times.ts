/** Times as records write them. */

export const TIME_UNITS = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const MILLISECONDS: Record<TimeUnit, number> = { seconds: 1000, milliseconds: 1, microseconds: 1e-3, nanoseconds: 1e-6 };

/** The largest time that JavaScript can name, in milliseconds. */
const MAX_TIME = 8.64e15;

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;
const SLASHED = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

/** A number of seconds since 1970 is below 10^11 until the year 5138; one of milliseconds is above it since 1973; and so on. */
export function unitOf(value: number): TimeUnit {
  const size = Math.abs(value);
  if (size < 1e11) return 'seconds';
  if (size < 1e14) return 'milliseconds';
  return size < 1e17 ? 'microseconds' : 'nanoseconds';
}

/** Milliseconds of an ISO 8601 date, or date and time; without a zone it is UTC. undefined when it is none. */
export function parseIso(text: string): number | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const millis = `${fraction}000`.slice(0, 3);
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}` : 'Z';
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${offset}`);
  // Date.parse takes 31 February for 2 or 3 March; a date that is none is refused.
  const dayThere = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate();
  return Number.isNaN(time) || dayThere !== Number(day) ? undefined : time;
}

/** Milliseconds of `M/D/YYYY H:mm` (month first, as spreadsheets export it), in UTC. undefined when it is none. */
export function parseMonthFirst(text: string): number | undefined {
  const match = SLASHED.exec(text);
  if (!match) return undefined;
  const [, month, day, year, hour = '0', minute = '0', second = '0'] = match;
  const two = (part: string | undefined): string => (part ?? '0').padStart(2, '0');
  return parseIso(`${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}Z`);
}

/**
 * Reads the times of one column. Numbers have one unit in a whole column: given, or found in the first records (by how large most of
 * them are); a number that fits another unit is refused, as it would be decades off.
 */
export class TimeReader {
  private unit: TimeUnit | undefined;
  private readonly given: boolean;

  constructor(unit?: TimeUnit) {
    this.unit = unit;
    this.given = unit !== undefined;
  }

  /** Finds the unit of numbers, when it was not given. */
  prepare(sample: readonly unknown[]): void {
    if (this.given) return;
    const counts = new Map<TimeUnit, number>();
    for (const value of sample) {
      const number = numeric(value);
      if (number !== undefined) counts.set(unitOf(number), (counts.get(unitOf(number)) ?? 0) + 1);
    }
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    this.unit = most?.[0];
  }

  /** How times are read, in a word. */
  get description(): string {
    return this.unit ?? 'ISO 8601';
  }

  /** Milliseconds since 1970, or undefined when the value is no time. */
  read(value: unknown): number | undefined {
    if (value instanceof Date) return inRange(value.getTime());
    const number = numeric(value);
    if (number !== undefined) return this.readNumber(number);
    return typeof value === 'string' ? parseIso(value.trim()) : undefined;
  }

  private readNumber(number: number): number | undefined {
    const unit = this.unit ?? unitOf(number);
    if (!this.given && number !== 0 && unit !== unitOf(number)) return undefined;
    return inRange(number * MILLISECONDS[unit]);
  }
}

function inRange(time: number): number | undefined {
  return Number.isFinite(time) && Math.abs(time) <= MAX_TIME ? time : undefined;
}

/** A number, or a text of digits alone: a year by itself, or a date, is no number here. */
function numeric(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || !/^\s*-?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}
