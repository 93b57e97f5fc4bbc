/** The table of an engine's event types: built-in ones and the shop's own, with their weights. */

import { type ErrorCode, KairankError } from '../errors.js';
import { number, onlyKeys, record, refuse, show } from '../options.js';
import { DEFAULT_WEIGHTS, EVENT_TYPES } from './events.js';

/** How the folder keeps the shop's own types; their order is the order of native indexes, so it only ever grows. */
export interface EventTypesRecord {
  own: string[];
  /** Weights that are not the defaults. */
  weights: Record<string, number>;
}

const MAX_WEIGHT = 100;
const MAX_TYPES = 1000;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:-]{0,63}$/u;

export class EventTypeTable {
  readonly names: readonly string[];
  /** In the order of native indexes. */
  readonly weights: readonly number[];
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(plain: EventTypesRecord) {
    const defaults: Readonly<Record<string, number>> = DEFAULT_WEIGHTS;
    this.names = [...EVENT_TYPES, ...plain.own];
    this.weights = this.names.map((name) => plain.weights[name] ?? defaults[name] ?? 0);
    this.#indexes = new Map(this.names.map((name, index) => [name, index]));
  }

  /** The native index of a type, or an error that names the known ones. */
  index(path: string, value: unknown): number {
    const found = typeof value === 'string' ? this.#indexes.get(value) : undefined;
    if (found === undefined) refuse(path, `one of ${this.names.join(', ')}`, value);
    return found;
  }

  name(index: number): string {
    return this.names[index] ?? `#${index}`;
  }

  weight(index: number): number {
    return this.weights[index] ?? 0;
  }
}

/**
 * What a folder's table becomes with the `eventTypes` of an opening: known types keep their place, new ones join.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT naming the type
 */
export function growEventTypes(stored: EventTypesRecord, value: unknown): EventTypesRecord {
  const own = [...stored.own];
  const weights = { ...stored.weights };
  if (value === undefined) return { own, weights };
  const types = record('eventTypes', value);
  const builtIn: readonly string[] = EVENT_TYPES;
  for (const [name, given] of Object.entries(types)) {
    const path = `eventTypes.${name}`;
    if (!NAME.test(name)) refuse(path, 'a name of letters, digits, ".", "_", ":" and "-", at most 64', name);
    const spec = record(path, given);
    onlyKeys(path, spec, ['weight']);
    weights[name] = number(`${path}.weight`, spec.weight, -MAX_WEIGHT, MAX_WEIGHT);
    if (!builtIn.includes(name) && !own.includes(name)) own.push(name);
  }
  if (own.length > MAX_TYPES) refuse('eventTypes', `at most ${MAX_TYPES} types of the shop's own`, own.length);
  return { own, weights };
}

/** Checks what a folder stores, so that an altered one is told as such. */
export function parseEventTypes(value: unknown, file: string): EventTypesRecord {
  const fault = (what: string): never => {
    const code: ErrorCode = 'KAIRANK_CORRUPT_FILE';
    throw new KairankError(code, `${file}: the stored event types are damaged (${what})`, { field: file, received: show(value) });
  };
  if (typeof value !== 'object' || value === null || !('own' in value) || !('weights' in value)) return fault('not a table');
  const { own, weights } = value;
  if (!Array.isArray(own) || !own.every((name): name is string => typeof name === 'string')) return fault('names');
  if (typeof weights !== 'object' || weights === null) return fault('weights');
  const checked: Record<string, number> = {};
  for (const [name, weight] of Object.entries(weights)) checked[name] = typeof weight === 'number' ? weight : fault(name);
  return { own, weights: checked };
}
