/** The arguments of HierarchicalNSW.initIndex, in a row or by name. */

import { type Arguments, atLeast, numberAt, optionalBooleanAt, optionalNumberAt } from './arguments.js';

export interface GraphOptions {
  capacity: number;
  m: number;
  efConstruction: number;
  seed: number;
  reuseDeleted: boolean;
}

const DEFAULTS = { m: 16, efConstruction: 200, randomSeed: 100 } as const;

/** What hnswlib-node takes for named arguments: any object, functions too. */
function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function wrongNamed(name: string, expected: string): TypeError {
  return new TypeError(`Invalid the named argument type \`${name}\`, must be ${expected}.`);
}

/** A name that is there counts, with undefined too. */
function namedNumber(named: Record<string, unknown>, name: keyof typeof DEFAULTS): number {
  if (!(name in named)) return DEFAULTS[name];
  const value = named[name];
  if (typeof value !== 'number') throw wrongNamed(name, 'a number');
  return value >>> 0;
}

function fromNames(named: Record<string, unknown>): GraphOptions {
  if (!('maxElements' in named)) throw new TypeError('Missing named argument `maxElements`, must be specified.');
  const capacity = named.maxElements;
  if (typeof capacity !== 'number') throw wrongNamed('maxElements', 'a number');
  const m = namedNumber(named, 'm');
  const efConstruction = namedNumber(named, 'efConstruction');
  const seed = namedNumber(named, 'randomSeed');
  const reuse = 'allowReplaceDeleted' in named ? named.allowReplaceDeleted : false;
  // The name is misspelt in hnswlib-node's message.
  if (typeof reuse !== 'boolean') throw wrongNamed('allowRepalceDeleted', 'a boolean');
  return { capacity: capacity >>> 0, m, efConstruction, seed, reuseDeleted: reuse };
}

export function graphOptions(args: Arguments): GraphOptions {
  atLeast(args, 1, 5);
  const [first] = args;
  if (args.length === 1 && isObject(first)) return fromNames(first);
  return {
    capacity: numberAt(args, 0),
    m: optionalNumberAt(args, 1, DEFAULTS.m, 'sencond'),
    efConstruction: optionalNumberAt(args, 2, DEFAULTS.efConstruction),
    seed: optionalNumberAt(args, 3, DEFAULTS.randomSeed),
    reuseDeleted: optionalBooleanAt(args, 4),
  };
}
