/** Learns what shoppers do next, and tells how well it foretells later moments than those it learned from. */

import { throwIfAborted } from '../jobs.js';
import type { NativeHistories } from '../native.js';
import { actsOf } from '../shopper/acts.js';
import type { EventTypeTable } from '../shopper/event-types.js';
import { COLUMNS, foretell, type NextEventModel, type NextOutcome, OUTCOMES, type Question, QUESTIONS } from '../shopper/next-event.js';
import { fitLogisticInTurns } from '../statistics/logistic.js';
import { auc, calibrationError, CLIP, reliability } from '../statistics/probabilities.js';
import { gatherMoments, type Moments } from './moments.js';
import { turn } from './run.js';

/** Of one outcome against the others, on the held-out moments. */
export interface NextOutcomeReport {
  /** How many of them it came after, 0 to 1. */
  share: number;
  /** null where it came after none of them, or after all. */
  auc: number | null;
  /** Expected calibration error over 15 bins of equal counts (Naeini et al. 2015). */
  calibrationError: number;
}

/** How well the model of the next event foretells the last fifth of the moments, by time, from what came before. */
export interface NextEventReport {
  /** Milliseconds without an event after which a session is over. */
  sessionGap: number;
  /** Moments that it learned from, right after an event and later, and that it was asked about. */
  learned: number;
  heldOut: number;
  /** Nats: mean of -ln p of what came; and the same of one who knows the shares of the outcomes alone. */
  logLoss: number;
  logLossOfShares: number;
  /** Mean over the outcomes. */
  calibrationError: number;
  outcomes: Record<NextOutcome, NextOutcomeReport>;
}

export interface LearnNextEventOptions {
  seed: number;
  /** Milliseconds. */
  sessionGap: number;
  /** Whether what is kept learned from all moments, after the measuring. */
  refit: boolean;
  signal?: AbortSignal | undefined;
}

/** Moments right after an event. */
const MOST_MOMENTS = 25_000;
/** Part of the moments that is held out: the last ones. */
const HELD_OUT = 0.2;
/** Fewer moments of an outcome teach nothing of it but how rare it is. */
const LEAST_OF_AN_OUTCOME = 20;
/** As many moments as it would take to doubt a coefficient: a little, as there are thousands. */
const RIDGE = 10;

const WIDTH = COLUMNS.length;

/** The moments in which a question arises, and its answer. */
const ARISES: Readonly<Record<Question, (outcome: NextOutcome) => boolean>> = {
  leave: () => true,
  buy: (outcome) => outcome !== 'leave',
  cart: (outcome) => outcome !== 'leave' && outcome !== 'buy',
};

const outcomeOf = ({ outcomes }: Moments, moment: number): NextOutcome => OUTCOMES[outcomes[moment] ?? 0] ?? 'browse';

function sharesOf(moments: Moments, rows: readonly number[]): Record<NextOutcome, number> {
  const counts = { browse: 0, cart: 0, buy: 0, leave: 0 };
  for (const row of rows) counts[outcomeOf(moments, row)]++;
  for (const outcome of OUTCOMES) counts[outcome] /= Math.max(1, rows.length);
  return counts;
}

/** Mean and deviation of each column; a column that never changes has an infinite one, so that it says nothing. */
function standardsOf({ inputs }: Moments, rows: readonly number[]): { mean: number; deviation: number }[] {
  return COLUMNS.map((_, column) => {
    let [sum, squares] = [0, 0];
    for (const row of rows) sum += inputs[row * WIDTH + column] ?? 0;
    const mean = sum / Math.max(1, rows.length);
    for (const row of rows) squares += ((inputs[row * WIDTH + column] ?? 0) - mean) ** 2;
    const deviation = Math.sqrt(squares / Math.max(1, rows.length));
    return { mean, deviation: deviation > 1e-9 ? deviation : Number.POSITIVE_INFINITY };
  });
}

/** The weights of one question, for columns as they are, and the intercept. */
async function fitQuestion(moments: Moments, all: readonly number[], question: Question, check: () => void): Promise<number[]> {
  const rows = all.filter((row) => ARISES[question](outcomeOf(moments, row)));
  const labels = Uint8Array.from(rows, (row) => Number(outcomeOf(moments, row) === question));
  const yes = labels.reduce((sum, label) => sum + label, 0);
  const prior = Math.log((yes + 0.5) / (rows.length - yes + 0.5));
  const weights = new Array<number>(WIDTH + 1).fill(0);
  weights[WIDTH] = prior;
  if (Math.min(yes, rows.length - yes) < LEAST_OF_AN_OUTCOME) return weights;
  const standards = standardsOf(moments, rows);
  const inputs = new Float64Array(rows.length * (WIDTH + 1));
  for (const [place, row] of rows.entries()) {
    for (const [column, { mean, deviation }] of standards.entries())
      inputs[place * (WIDTH + 1) + column] = ((moments.inputs[row * WIDTH + column] ?? 0) - mean) / deviation;
    inputs[place * (WIDTH + 1) + WIDTH] = 1;
  }
  const steps = fitLogisticInTurns(inputs, labels, RIDGE, Float64Array.from(weights));
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) {
      let intercept = value[WIDTH] ?? 0;
      for (const [column, { mean, deviation }] of standards.entries()) {
        weights[column] = (value[column] ?? 0) / deviation;
        intercept -= (weights[column] ?? 0) * mean;
      }
      weights[WIDTH] = intercept;
      return weights;
    }
    await turn();
    check();
  }
}

async function fitAll(moments: Moments, rows: readonly number[], sessionGap: number, check: () => void): Promise<NextEventModel> {
  const weights: Record<Question, readonly number[]> = { leave: [], buy: [], cart: [] };
  for (const question of QUESTIONS) weights[question] = await fitQuestion(moments, rows, question, check);
  return { sessionGap, columns: COLUMNS, weights };
}

function measure(model: NextEventModel, moments: Moments, learned: readonly number[], heldOut: readonly number[]): NextEventReport {
  const prior = sharesOf(moments, learned);
  const foretold = heldOut.map((row) => foretell(model, moments.inputs.subarray(row * WIDTH, (row + 1) * WIDTH)));
  let [loss, lossOfShares] = [0, 0];
  for (const [place, row] of heldOut.entries()) {
    const came = outcomeOf(moments, row);
    loss -= Math.log(Math.max(CLIP, foretold[place]?.[came] ?? 0));
    lossOfShares -= Math.log(Math.max(CLIP, prior[came]));
  }
  const shares = sharesOf(moments, heldOut);
  const reportOf = (outcome: NextOutcome): NextOutcomeReport => {
    const labels = heldOut.map((row) => Number(outcomeOf(moments, row) === outcome));
    const probabilities = foretold.map((next) => Math.min(1, next[outcome]));
    const order = auc(labels, probabilities);
    return {
      share: shares[outcome],
      auc: Number.isNaN(order) ? null : order,
      calibrationError: calibrationError(reliability(labels, probabilities)),
    };
  };
  const outcomes = { browse: reportOf('browse'), cart: reportOf('cart'), buy: reportOf('buy'), leave: reportOf('leave') };
  return {
    sessionGap: model.sessionGap,
    learned: learned.length,
    heldOut: heldOut.length,
    logLoss: loss / heldOut.length,
    logLossOfShares: lossOfShares / heldOut.length,
    calibrationError: OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome].calibrationError, 0) / OUTCOMES.length,
    outcomes,
  };
}

/** Whether there is something to foretell: shoppers who look around, and at times do something else. */
function isWorthwhile(moments: Moments, rows: readonly number[]): boolean {
  const shares = sharesOf(moments, rows);
  const often = (outcome: NextOutcome): boolean => shares[outcome] * rows.length >= LEAST_OF_AN_OUTCOME - 0.5;
  return often('browse') && (often('cart') || often('buy') || often('leave'));
}

/**
 * Learns from the first four fifths of the moments, by time, and measures on the last; null where there is nothing to foretell: a
 * shop of purchases alone, of times that mean nothing, or of too few events.
 *
 * @param types whose indexes the histories have
 * @throws KairankError KAIRANK_ABORTED
 */
export async function learnNextEvent(
  histories: NativeHistories,
  types: EventTypeTable,
  { seed, sessionGap, refit, signal }: LearnNextEventOptions,
): Promise<{ model: NextEventModel; report: NextEventReport } | null> {
  const check = (): void => throwIfAborted(signal);
  const moments = await gatherMoments(histories, actsOf(types), { most: MOST_MOMENTS, gap: sessionGap, seed, check });
  const rows = Array.from(moments.outcomes.keys());
  const direct = rows.filter((row) => moments.waited[row] === 0);
  const times = Float64Array.from(direct, (row) => moments.times[row] ?? 0).sort();
  const cut = times[Math.floor((1 - HELD_OUT) * times.length)] ?? 0;
  // What comes within the gap after a moment is not known before it is over.
  const earlier = rows.filter((row) => (moments.times[row] ?? 0) < cut - sessionGap);
  const heldOut = direct.filter((row) => (moments.times[row] ?? 0) >= cut);
  if (heldOut.length === 0 || !isWorthwhile(moments, earlier)) return null;
  const model = await fitAll(moments, earlier, sessionGap, check);
  const report = measure(model, moments, earlier, heldOut);
  return { model: refit ? await fitAll(moments, rows, sessionGap, check) : model, report };
}
