/** What a scenario sets where the request does not: one entry each. */

import type { ScenarioName } from './requests.js';

export interface Scenario {
  /** Items that recall hands to ranking. */
  candidates: number;
  /** Whether items the shopper knows are left out; null: as learned on validation. */
  excludeSeen: boolean | null;
}

export const SCENARIO_DEFAULTS: Readonly<Record<ScenarioName, Scenario>> = {
  /** The shopper's own front page. */
  'for-you': { candidates: 500, excludeSeen: null },
  /** Only what the shopper does not know yet. */
  discover: { candidates: 1000, excludeSeen: true },
  /** Pick up where the visit stopped, known items too. */
  continue: { candidates: 500, excludeSeen: false },
};
