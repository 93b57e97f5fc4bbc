/** What the household told of itself. */

import type { Family, FamilyOf } from './family.js';

/** The first number in words such as "35-49K", "65+", "Under 15K" or "None/Unknown" (none: NaN). */
export function leadingNumber(words: string): number {
  const digits = /\d+/.exec(words)?.[0];
  if (digits === undefined) return Number.NaN;
  return words.startsWith('Under') ? Number(digits) / 2 : Number(digits);
}

export const demographicFeatures: FamilyOf = ({ demographics }): Family => {
  const told = (household: number, column: string): string | undefined =>
    demographics.values[household]?.[demographics.columns.indexOf(column)];
  const is = (value: string | undefined, one: string, unknown = 'Unknown'): number =>
    value === undefined || value === '' || value === unknown ? Number.NaN : value === one ? 1 : 0;
  return {
    columns: ['told of itself', 'age', 'log income', 'household size', 'children', 'home owner', 'married'],
    of: ({ household }) => [
      demographics.values[household] ? 1 : 0,
      leadingNumber(told(household, 'age') ?? ''),
      Math.log(leadingNumber(told(household, 'income') ?? '')),
      leadingNumber(told(household, 'household_size') ?? ''),
      leadingNumber(told(household, 'kids_count') ?? ''),
      is(told(household, 'home_ownership'), 'Homeowner'),
      is(told(household, 'marital_status'), 'Married'),
    ],
  };
};
