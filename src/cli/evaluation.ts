/** What `kairank evaluate` prints: one evaluation whole, several side by side. */

import { isBaseline } from '../evaluate/baselines/index.js';
import type { Ablation } from '../evaluate/ablation.js';
import type { Metrics } from '../evaluate/metrics.js';
import type { Comparison } from '../evaluate/paired.js';
import type { ItemRecords } from '../evaluate/data/items.js';
import type { PreparedSplit } from '../evaluate/protocols.js';
import type { EvaluateOptions, Evaluation } from '../evaluate/run.js';
import type { ColdItems } from '../evaluate/splits.js';
import type { LearnedContent, TrainReport } from '../learn/types.js';
import { native, SOURCES } from '../native.js';
import { comparisonReport, comparisonWords } from './comparison.js';
import { count, plural, rounded, table } from './output.js';
import { coverageWords, rankerWords } from './training.js';
import { packageVersion } from '../version.js';

/** What was asked for, nothing left to defaults. */
export type Asked = Required<Pick<EvaluateOptions, 'model' | 'excludeSeen' | 'ks' | 'seed' | 'threads' | 'refit' | 'budget'>>;

export interface Outcome {
  prepared: PreparedSplit;
  asked: Asked;
  evaluation: Evaluation;
  /** Against the best baseline on the same cases; null where nothing was measured that it could be compared with. */
  comparison: Comparison | null;
}

/** The names of the metrics in the report. */
function flatten(metrics: Metrics): Record<string, number | null> {
  const flat: Record<string, number | null> = {};
  for (const [k, at] of metrics.at) {
    flat[`recall@${k}`] = rounded(at.recall);
    flat[`ndcg@${k}`] = rounded(at.ndcg);
    flat[`mrr@${k}`] = rounded(at.mrr);
    flat[`hitRate@${k}`] = rounded(at.hitRate);
    flat[`precision@${k}`] = rounded(at.precision);
    flat[`f1@${k}`] = rounded(at.f1);
    flat[`coverage@${k}`] = rounded(at.coverage);
  }
  flat['mrr'] = rounded(metrics.mrr);
  flat['auc'] = rounded(metrics.auc);
  flat['aucCandidates'] = rounded(metrics.aucCandidates);
  return flat;
}

/** Those of an evaluation; where items were held out also those among these alone. */
function figuresOf({ prepared, asked, evaluation: { metrics, cold } }: Outcome): Record<string, number | null> {
  const figures = flatten(metrics);
  if (!prepared.split.coldItems) return figures;
  for (const k of asked.ks) {
    const at = cold?.at.get(k);
    figures[`coldRecall@${k}`] = at ? rounded(at.recall) : null;
    figures[`coldNdcg@${k}`] = at ? rounded(at.ndcg) : null;
  }
  return figures;
}

function coldOf({ rows, validationRows, droppedCases }: ColdItems): object {
  return { coldItems: rows.length, validationColdItems: validationRows.length, droppedCases };
}

function catalogueOf({ fields, missing, unused, ignored, rejected }: ItemRecords): object {
  return { fields: Object.fromEntries(fields.map(({ name, kind }) => [name, kind])), missing, unused, ignored, rejected };
}

function reportOfOne(outcome: Outcome): object {
  const { prepared, asked, evaluation, comparison } = outcome;
  const { interactions, split, protocol } = prepared;
  const { metrics } = evaluation;
  return {
    model: asked.model,
    protocol,
    users: interactions.users.length,
    items: split.items,
    events: interactions.histories.rows.length,
    cases: metrics.cases,
    targets: metrics.targets,
    droppedUsers: split.droppedUsers,
    ...figuresOf(outcome),
    ...(comparison ? { baseline: comparisonReport(comparison) } : {}),
    ...(split.coldItems ? coldOf(split.coldItems) : {}),
    ...(split.records ? { catalogue: catalogueOf(split.records) } : {}),
    coldTargets: split.coldTargets,
    recalledTargets: metrics.recalledTargets,
    aucCandidatesCases: metrics.aucCandidatesCases,
    models: modelsOf(evaluation),
    ...(evaluation.ablation ? { ablation: evaluation.ablation.map(ablationReport) } : {}),
    trainSeconds: evaluation.trainSeconds,
    evaluateSeconds: evaluation.evaluateSeconds,
    ...(prepared.fold ? { fold: prepared.fold.number, folds: prepared.fold.of } : {}),
    seed: asked.seed,
    threads: asked.threads,
    budget: asked.budget,
    excludeSeen: asked.excludeSeen,
    refit: asked.refit,
    ...prepared.settings,
    settings: settingsOf(evaluation),
    rejected: interactions.rejected,
    versions: { kairank: packageVersion(), node: process.versions.node },
    cpuTarget: isBaseline(asked.model) ? null : native().dispatch().active,
  };
}

function ablationReport({ part, without, difference, standardError, interval }: Ablation): object {
  const [low, high] = interval;
  const figures = { without: rounded(without), worth: rounded(difference), standardError: rounded(standardError) };
  return { part, ...figures, interval: [rounded(low), rounded(high)] };
}

/** What was blended, by source: its weight, and what it costs an item that the source does not know. */
function modelsOf({ report }: Evaluation): object {
  if (!report?.blend) return {};
  const { weights, missing } = report.blend;
  return Object.fromEntries(
    SOURCES.filter((source) => weights[source] > 0 || missing[source] > 0).map((source) => [
      source,
      { weight: weights[source], missing: missing[source] },
    ]),
  );
}

function rankerReport({ settings, with: reached, without, error, used }: NonNullable<TrainReport['ranker']>): object {
  return { ...settings, with: reached, without, error, used };
}

function contentReport({ modalities, coverage, undescribed }: LearnedContent): object {
  return { modalities, coverage, undescribed };
}

/** What validation chose, model by model. */
function settingsOf({ report }: Evaluation): object {
  if (report === null) return {};
  const { rules, sessions, factors, sequence, content, blend, ranker, validation } = report;
  return {
    ...(rules ? { rules: rules.settings } : {}),
    ...(sessions ? { sessions: sessions.settings } : {}),
    ...(factors ? { ials: factors.settings } : {}),
    ...(sequence ? { sequence: { ...sequence.settings, bestEpoch: sequence.report.bestEpoch, outOfTime: sequence.report.outOfTime } } : {}),
    ...(content ? { content: { ...content.settings, ...contentReport(content) } } : {}),
    ...(blend ? { blend: blend.settings } : {}),
    ...(ranker ? { ranker: rankerReport(ranker) } : {}),
    ...(validation ? { validation } : {}),
  };
}

/** Mean and sample deviation of each metric over the seeds, or the folds, of one model. */
function summaryOf(outcomes: readonly Outcome[]): Record<string, { mean: number | null; deviation: number | null }> {
  const all = outcomes.map(figuresOf);
  return Object.fromEntries(
    Object.keys(all[0] ?? {}).map((name) => {
      const values = all.map((metrics) => metrics[name] ?? Number.NaN);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return [name, { mean: rounded(mean), deviation: values.length > 1 ? rounded(Math.sqrt(squares / (values.length - 1))) : null }];
    }),
  );
}

function byModel(outcomes: readonly Outcome[]): [string, Outcome[]][] {
  const models = [...new Set(outcomes.map(({ asked }) => asked.model))];
  return models.map((model) => [model, outcomes.filter(({ asked }) => asked.model === model)]);
}

/** One evaluation is one flat object; several are `runs`, and a `summary` by model. */
export function reportOf(outcomes: readonly Outcome[]): object {
  const [first, ...more] = outcomes;
  if (first && more.length === 0) return reportOfOne(first);
  return {
    runs: outcomes.map(reportOfOne),
    summary: Object.fromEntries(byModel(outcomes).map(([model, own]) => [model, summaryOf(own)])),
  };
}

export function wordsOf(outcomes: readonly Outcome[]): string[] {
  const [first, ...more] = outcomes;
  if (!first) return [];
  return more.length === 0 ? wordsOfOne(first) : wordsOfMany(first, outcomes);
}

/** What a deviation is over, where there is one. */
function overWords(prepared: PreparedSplit, outcomes: readonly Outcome[]): string {
  const seeds = [...new Set(outcomes.map(({ asked: { seed } }) => seed))];
  if (prepared.fold) return `mean ± deviation over ${prepared.fold.of} folds of users, seed ${seeds[0]}`;
  return seeds.length > 1 ? `mean ± deviation over the seeds ${seeds.join(', ')}` : `seed ${seeds[0]}`;
}

/** What was asked of a model: of all folds together, of one seed. */
function askedOf(prepared: PreparedSplit, outcomes: readonly Outcome[]): { cases: number; targets: number; coldTargets: number } {
  const [first] = byModel(outcomes);
  const own = first?.[1] ?? [];
  const sum = (figure: (outcome: Outcome) => number): number =>
    (prepared.fold ? own : own.slice(0, 1)).reduce((total, outcome) => total + figure(outcome), 0);
  return {
    cases: sum(({ evaluation }) => evaluation.metrics.cases),
    targets: sum(({ evaluation }) => evaluation.metrics.targets),
    coldTargets: sum(({ prepared: { split } }) => split.coldTargets),
  };
}

/** A row a model, a column a metric; a deviation where there are several seeds or folds. */
function wordsOfMany({ prepared, asked }: Outcome, outcomes: readonly Outcome[]): string[] {
  const largest = Math.max(...asked.ks);
  const columns = [...new Set([10, largest])]
    .flatMap((k) => [`recall@${k}`, `ndcg@${k}`, `mrr@${k}`])
    .concat('auc', prepared.split.coldItems ? ['coldRecall@10', 'coldNdcg@10'] : []);
  const cell = (value: number | null | undefined): string => (value === null || value === undefined ? '' : value.toFixed(4));
  const rows = byModel(outcomes).map(([model, own]) => {
    const summary = summaryOf(own);
    const seconds = own.reduce((sum, { evaluation }) => sum + evaluation.trainSeconds, 0) / own.length;
    const cells = columns.map((name) => {
      const { mean, deviation } = summary[name] ?? { mean: null, deviation: null };
      return deviation === null ? cell(mean) : `${cell(mean)} ± ${cell(deviation)}`;
    });
    return [model, ...cells, seconds.toFixed(1)];
  });
  const { cases, targets, coldTargets } = askedOf(prepared, outcomes);
  return [
    `${prepared.protocol}: ${plural(cases, 'case')}, ${plural(prepared.split.items, 'item')}; ${overWords(prepared, outcomes)}; ${asked.refit ? 'fitted again on validation' : 'nothing fitted again'}`,
    '',
    ...table([['', ...columns, 'training s'], ...rows], { indent: 2 }),
    '',
    ...outcomes.flatMap(({ asked: { model }, comparison }) => (comparison ? [`  ${model}: ${comparisonWords(comparison)}`] : [])),
    coldWords(coldTargets, targets),
    ...itemWords(prepared),
  ];
}

const coldWords = (coldTargets: number, targets: number): string =>
  `  ${count(coldTargets)} of ${count(targets)} targets never occur in training (counted as asked)`;

/** What the report says of the held-out items. */
function heldOutWords({ prepared: { split }, evaluation: { cold } }: Outcome): string[] {
  if (!split.coldItems) return [];
  const { rows, droppedCases } = split.coldItems;
  const at = cold?.at.get(10);
  if (!at) return [];
  const figures = `recall@10 ${at.recall.toFixed(4)}, ndcg@10 ${at.ndcg.toFixed(4)}`;
  return [
    `  among the ${plural(rows.length, 'held-out item')}: ${figures}; ${plural(droppedCases, 'case')} dropped, nothing being before them`,
  ];
}

/** What the file of items gave. */
function itemWords({ split: { items, records } }: PreparedSplit): string[] {
  if (!records) return [];
  const fields = records.fields.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  const rejected = Object.values(records.rejected).reduce((sum, number) => sum + number, 0);
  return [
    `  ${count(items - records.missing)} of ${plural(items, 'item')} described, by ${fields}; ${plural(rejected, 'record')} rejected`,
  ];
}

/** What each part is worth, dearest first. */
function ablationWords(ablation: readonly Ablation[] | null): string[] {
  if (!ablation) return [];
  const rows = ablation.map(({ part, without, difference, standardError }) => [
    part,
    without.toFixed(4),
    `${difference < 0 ? '' : '+'}${difference.toFixed(4)}`,
    standardError.toFixed(4),
  ]);
  return ['', ...table([['without', 'ndcg@10', 'worth', 'error'], ...rows], { indent: 2 }), ''];
}

function wordsOfOne(outcome: Outcome): string[] {
  const { prepared, asked, evaluation, comparison } = outcome;
  const { interactions, split, protocol } = prepared;
  const { metrics } = evaluation;
  const rows = [...metrics.at].map(([k, at]) => [
    `@${k}`,
    ...[at.recall, at.ndcg, at.mrr, at.hitRate, at.precision, at.f1, at.coverage].map((value) => value.toFixed(4)),
  ]);
  const weights = Object.entries(evaluation.report?.blend?.weights ?? {}).filter(([, weight]) => weight > 0);
  return [
    `${asked.model}, ${protocol}: ${plural(metrics.cases, 'case')} of ${plural(interactions.users.length, 'user')}, ${plural(split.items, 'item')}`,
    '',
    ...table([['', 'recall', 'ndcg', 'mrr', 'hit rate', 'precision', 'f1', 'coverage'], ...rows], { indent: 2 }),
    '',
    `  mrr ${metrics.mrr.toFixed(4)}   auc ${metrics.auc.toFixed(4)}   auc of candidates ${metrics.aucCandidates.toFixed(4)}`,
    ...(comparison ? [`  ${comparisonWords(comparison)}`] : []),
    coldWords(split.coldTargets, metrics.targets),
    ...heldOutWords(outcome),
    ...itemWords(prepared),
    ...(weights.length > 0 ? [`  blended: ${weights.map(([source, weight]) => `${source} ${weight.toFixed(2)}`).join(', ')}`] : []),
    ...(evaluation.report ? [...coverageWords(evaluation.report), ...rankerWords(evaluation.report)].map((line) => `  ${line}`) : []),
    ...ablationWords(evaluation.ablation),
    `  training ${evaluation.trainSeconds.toFixed(1)} s of at most ${asked.budget} s, evaluation ${evaluation.evaluateSeconds.toFixed(1)} s, seed ${asked.seed}`,
  ];
}
