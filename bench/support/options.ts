/** What a bench takes beside --json: declared by the bench, read from the command line by run.ts. */

/** The default's type is the option's: a number, a word, or a switch that is off until named. */
export interface BenchOption {
  default: number | string | false;
  help: string;
}

export type BenchOptions = Readonly<Record<string, BenchOption>>;

/** The options of one run, given or by default. */
export class Given {
  readonly #values: ReadonlyMap<string, number | string | boolean>;

  constructor(declared: BenchOptions, given: Readonly<Record<string, string | boolean | undefined>>) {
    this.#values = new Map(Object.entries(declared).map(([name, { default: fallback }]) => [name, read(name, fallback, given[name])]));
  }

  number(name: string): number {
    const value = this.#values.get(name);
    if (typeof value !== 'number') throw new Error(`The bench declares no number --${name}.`);
    return value;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string') throw new Error(`The bench declares no word --${name}.`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values.get(name);
    if (typeof value !== 'boolean') throw new Error(`The bench declares no switch --${name}.`);
    return value;
  }
}

function read(name: string, fallback: number | string | boolean, given: string | boolean | undefined): number | string | boolean {
  if (given === undefined) return fallback;
  if (typeof fallback !== 'number') return given;
  const value = Number(given);
  if (!(Number.isSafeInteger(value) && value > 0)) throw new Error(`--${name}: expected a whole number above 0, got "${given}".`);
  return value;
}

/** What node:util's parseArgs wants to hear. */
export function parsable(declared: BenchOptions): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, option]) => [name, { type: option.default === false ? 'boolean' : 'string' }]),
  );
}

/** One line an option, for the usage. */
export function described(declared: BenchOptions): string[] {
  return Object.entries(declared).map(([name, option]) => {
    const fallback = option.default === false || option.default === '' ? '' : ` (${option.default})`;
    return `    --${name.padEnd(12)} ${option.help}${fallback}`;
  });
}

/** One of the words that an option may be. */
export function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw new Error(`--${name}: expected one of ${allowed.join(', ')}, got "${value}".`);
  return found;
}
