/** What products are, at each level at which they may be the same; and weights over that. */

import { type CouponData, PRODUCT_LEVELS, UNKNOWN } from '../data/coupons.js';

/** A level at which products are the same: a number for each product row, or UNKNOWN. */
export interface Level {
  name: string;
  of: (product: number) => number;
}

/** Those that the catalogue tells of, coarse to fine, and each product by itself. */
export function levelsOf({ products }: CouponData): Level[] {
  return [
    ...PRODUCT_LEVELS.map((name) => ({ name, of: (product: number) => products.levels[name][product] ?? UNKNOWN })),
    { name: 'product', of: (product: number) => product },
  ];
}

/** Weights by what products are at a level. */
export type Profile = Map<number, number>;

export function add(profile: Profile, key: number, weight: number): void {
  if (key !== UNKNOWN) profile.set(key, (profile.get(key) ?? 0) + weight);
}

export function addAll(profile: Profile, other: Profile): void {
  for (const [key, weight] of other) add(profile, key, weight);
}

/** A coupon counts 1, spread over its products. */
export function profileOfCoupon(products: Uint32Array, level: Level): Profile {
  const profile: Profile = new Map();
  for (const product of products) add(profile, level.of(product), 1 / products.length);
  return profile;
}

export function sum(profile: Profile): number {
  let total = 0;
  for (const weight of profile.values()) total += weight;
  return total;
}

export function norm(profile: Profile): number {
  let squares = 0;
  for (const weight of profile.values()) squares += weight * weight;
  return Math.sqrt(squares);
}

/** Cosine of a profile with another of known norm; 0 where they have nothing in common. */
export function cosine(profile: Profile, other: Profile, otherNorm: number): number {
  const [few, many] = profile.size < other.size ? [profile, other] : [other, profile];
  let product = 0;
  for (const [key, weight] of few) product += weight * (many.get(key) ?? 0);
  return product === 0 ? 0 : product / norm(profile) / otherNorm;
}
