/** Models of probabilities, by name. A new one is one entry here. */

import { fitLogisticRegression } from '../baselines/logistic.js';
import type { FitProbability } from '../pairs.js';
import { fitEngine } from './engine.js';

export const PROBABILITY_MODELS = ['engine', 'logistic'] as const;
export type ProbabilityModel = (typeof PROBABILITY_MODELS)[number];

/** How each is fitted. */
export const FITS: Readonly<Record<ProbabilityModel, FitProbability>> = { engine: fitEngine, logistic: fitLogisticRegression };
