/**
 * The checks of arguments, in the order and in the words of hnswlib-node 3.0: a program may compare them. Numbers become
 * unsigned 32-bit integers as they do there, by truncation and wrap-around.
 */

import { types } from 'node:util';
import type { FilterFunction, SpaceName } from './types.js';

export type Arguments = readonly unknown[];

// "sencond" is hnswlib-node's, in the one message that has it.
export const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'] as const;

export function exactly(args: Arguments, count: number): void {
  if (args.length !== count) throw new Error(`Expected ${count} arguments, but got ${args.length}.`);
}

/** More than `most` pass: hnswlib-node only counts from below where arguments are optional. */
export function atLeast(args: Arguments, least: number, most: number): void {
  if (args.length < least) throw new Error(`Expected ${least}-${most} arguments, but got ${args.length}.`);
}

export function wrongType(ordinal: string, expected: string): TypeError {
  return new TypeError(`Invalid the ${ordinal} argument type, must be ${expected}.`);
}

export function numberAt(args: Arguments, index: number): number {
  const value = args[index];
  if (typeof value !== 'number') throw wrongType(ORDINALS[index] ?? '', 'a number');
  return value >>> 0;
}

export function optionalNumberAt(args: Arguments, index: number, otherwise: number, ordinal: string = ORDINALS[index] ?? ''): number {
  const value = args[index];
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw wrongType(ordinal, 'a number');
  return value >>> 0;
}

export function optionalBooleanAt(args: Arguments, index: number): boolean {
  const value = args[index];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw wrongType(ORDINALS[index] ?? '', 'a boolean');
  return value;
}

export function stringAt(args: Arguments, index: number): string {
  const value = args[index];
  if (typeof value !== 'string') throw wrongType(ORDINALS[index] ?? '', 'a string');
  return value;
}

/** A plain array: neither a typed array nor a proxy is one there. */
export function arrayAt(args: Arguments, index: number): readonly unknown[] {
  const value = args[index];
  if (!Array.isArray(value) || types.isProxy(value)) throw wrongType(ORDINALS[index] ?? '', 'an Array');
  return value;
}

function isFilter(value: unknown): value is FilterFunction {
  return typeof value === 'function';
}

export function optionalFilterAt(args: Arguments, index: number): FilterFunction | null {
  const value = args[index];
  if (value === undefined) return null;
  if (!isFilter(value)) throw wrongType(ORDINALS[index] ?? '', 'a function');
  return value;
}

function isSpaceName(name: string): name is SpaceName {
  return name === 'l2' || name === 'ip' || name === 'cosine';
}

/** The arguments of both indexes' constructors. */
export function spaceAndDimensions(args: Arguments): { space: SpaceName; dim: number } {
  exactly(args, 2);
  const space = stringAt(args, 0);
  const dim = numberAt(args, 1);
  if (!isSpaceName(space)) throw new Error('Wrong space name, expected "l2", "ip", or "cosine".');
  return { space, dim };
}

export function checkLength(array: readonly unknown[], dim: number, what = 'given'): void {
  if (array.length !== dim) {
    throw new Error(`Invalid the ${what} array length (expected ${dim}, but got ${array.length}).`);
  }
}

/** A search cannot ask for more points than there is room for. */
export function checkNeighbours(k: number, capacity: number): void {
  if (k <= capacity) return;
  throw new Error(`Invalid the number of k-nearest neighbors (cannot be given a value greater than \`maxElements\`: ${capacity}).`);
}

/** The values of an array whose length has been checked. */
export function floatsOf(array: readonly unknown[], dim: number): Float32Array {
  const out = new Float32Array(dim);
  for (let i = 0; i < dim; i += 1) {
    const value = array[i];
    if (typeof value !== 'number') throw new TypeError('A number was expected');
    out[i] = value;
  }
  return out;
}

/** The index, once there is one. */
export function initialised<Index>(index: Index | undefined): Index {
  if (index === undefined) throw new Error('Search index has not been initialized, call `initIndex` in advance.');
  return index;
}
