/** `kairank evaluate`: learn on one part of a data set, ask about another. */

import { Argument, Command, Option } from 'commander';
import type { Metrics } from '../../evaluate/metrics.js';
import { DATA_FORMATS, type DataFormat, PROTOCOLS, type PreparedSplit, type Protocol, prepareSplit } from '../../evaluate/protocols.js';
import { EVALUATION_MODELS, type Evaluation, type EvaluationModel, evaluate } from '../../evaluate/run.js';
import { native } from '../../native.js';
import { interruptible } from '../interrupt.js';
import { addMappingOptions, type MappingFlags, mappingOf } from '../mapping.js';
import { cutoffs, date, jsonOption, seedOption, threadsOption } from '../options.js';
import { count, plural, print, table } from '../output.js';
import { createProgress } from '../progress.js';
import { showTraining } from '../training.js';
import { packageVersion } from '../version.js';

interface Flags extends MappingFlags {
  format: DataFormat;
  protocol?: Protocol;
  model: EvaluationModel;
  seen?: 'exclude' | 'allow';
  k: number[];
  seed: number;
  threads: number;
  candidates?: number;
  testFrom?: number;
  validationFrom?: number;
  shuffleTies: boolean;
  gaps?: string;
  json: boolean;
}

/** Cut-offs that are always reported, whatever --k asks for. */
const USUAL_CUTOFFS = [5, 10];

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measures a model on a data set: nothing that the test asks for is learned from, and nothing is fitted again.')
    .addArgument(new Argument('<data>', 'file of sequences (user item item …), events or invoices'))
    .addOption(new Option('--format <format>', 'what the file is').choices([...DATA_FORMATS]).default('events'))
    .addOption(
      new Option('--protocol <protocol>', 'how it is split (default: leave-one-out for sequences, else temporal)').choices([...PROTOCOLS]),
    )
    .addOption(
      new Option('--model <model>', 'what is measured; engine is the whole pipeline').choices([...EVALUATION_MODELS]).default('engine'),
    )
    .addOption(
      new Option('--seen <rule>', 'whether items that the shopper had are ranked (default: exclude for sequences, else allow)').choices([
        'exclude',
        'allow',
      ]),
    )
    .addOption(new Option('--k <list>', 'cut-offs, beside 5 and 10').argParser(cutoffs).default(USUAL_CUTOFFS, '5,10'))
    .addOption(new Option('--candidates <n>', 'candidates that recall hands to ranking (engine)').argParser(Number))
    .addOption(
      new Option('--test-from <date>', 'first day of the test (temporal; default: one month before the last event)').argParser(
        date('--test-from'),
      ),
    )
    .addOption(
      new Option('--validation-from <date>', 'first day of the validation (temporal; default: one month before the test)').argParser(
        date('--validation-from'),
      ),
    )
    .option('--shuffle-ties', 'put items of the same moment in random order, by the seed', false)
    .option('--gaps <file>', 'seconds between the items of sequences (default: timegaps.txt beside them)')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
  return addMappingOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ kairank evaluate beauty/sequences.txt --format sequences --protocol leave-one-out --model rules
  $ kairank evaluate online-retail.parquet --format online-retail --model repeat --test-from 2010-11-09
  $ kairank evaluate events.csv --map user=customer,item=sku,at=time --model engine --json`,
    )
    .action((path: string, flags: Flags) => interruptible((signal) => run(path, flags, signal)));
}

async function run(path: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const progress = createProgress(flags.json);
  const { seed, threads, model } = flags;
  const ks = [...new Set([...USUAL_CUTOFFS, ...flags.k])].sort((a, b) => a - b);
  try {
    progress.update('reading', 0);
    const prepared = await prepareSplit(path, { ...flags, mapping: mappingOf(flags), signal });
    progress.update('reading', 1, `${count(prepared.interactions.histories.rows.length)} events`);
    const excludeSeen = flags.seen === undefined ? prepared.excludeSeen : flags.seen === 'exclude';
    const evaluation = await evaluate(prepared.split, {
      model,
      excludeSeen,
      ks,
      seed,
      threads,
      signal,
      onProgress: showTraining(progress),
      ...(flags.candidates === undefined ? {} : { candidates: flags.candidates }),
    });
    progress.stop();
    print(flags.json, report(prepared, evaluation, { ...flags, excludeSeen }), () =>
      words(prepared, evaluation.metrics, evaluation, flags),
    );
  } finally {
    progress.stop();
  }
}

const round = (value: number): number => (Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : value);

/** The names of the metrics in the report. */
function flatten(metrics: Metrics): Record<string, number | null> {
  const flat: Record<string, number | null> = {};
  for (const [k, at] of metrics.at) {
    flat[`recall@${k}`] = round(at.recall);
    flat[`ndcg@${k}`] = round(at.ndcg);
    flat[`hitRate@${k}`] = round(at.hitRate);
    flat[`precision@${k}`] = round(at.precision);
    flat[`f1@${k}`] = round(at.f1);
    flat[`coverage@${k}`] = round(at.coverage);
  }
  flat['mrr'] = round(metrics.mrr);
  flat['auc'] = round(metrics.auc);
  flat['aucCandidates'] = Number.isNaN(metrics.aucCandidates) ? null : round(metrics.aucCandidates);
  return flat;
}

function report(
  prepared: PreparedSplit,
  evaluation: Evaluation,
  options: { model: string; seed: number; threads: number; excludeSeen: boolean },
): object {
  const { interactions, split, protocol } = prepared;
  const { metrics } = evaluation;
  return {
    model: options.model,
    protocol,
    users: interactions.users.length,
    items: split.items,
    events: interactions.histories.rows.length,
    cases: metrics.cases,
    targets: metrics.targets,
    droppedUsers: split.droppedUsers,
    ...flatten(metrics),
    coldTargets: split.coldTargets,
    recalledTargets: metrics.recalledTargets,
    aucCandidatesCases: metrics.aucCandidatesCases,
    trainSeconds: evaluation.trainSeconds,
    evaluateSeconds: evaluation.evaluateSeconds,
    seed: options.seed,
    threads: options.threads,
    excludeSeen: options.excludeSeen,
    refit: false,
    ...prepared.settings,
    settings: settingsOf(evaluation),
    rejected: interactions.rejected,
    versions: { kairank: packageVersion(), node: process.versions.node },
    cpuTarget: options.model === 'repeat' ? null : native().dispatch().active,
  };
}

/** What validation chose, model by model. */
function settingsOf({ report: trained }: Evaluation): object {
  if (trained === null) return {};
  const { rules, factors, blend } = trained;
  return {
    ...(rules ? { rules: rules.settings } : {}),
    ...(factors ? { ials: factors.settings } : {}),
    ...(blend ? { blend: blend.settings, weights: blend.weights } : {}),
  };
}

function words(prepared: PreparedSplit, metrics: Metrics, evaluation: Evaluation, flags: Flags): string[] {
  const { interactions, split, protocol } = prepared;
  const rows = [...metrics.at].map(([k, at]) => [
    `@${k}`,
    ...[at.recall, at.ndcg, at.hitRate, at.precision, at.f1, at.coverage].map((value) => value.toFixed(4)),
  ]);
  return [
    `${flags.model}, ${protocol}: ${plural(metrics.cases, 'case')} of ${plural(interactions.users.length, 'user')}, ${plural(split.items, 'item')}`,
    '',
    ...table([['', 'recall', 'ndcg', 'hit rate', 'precision', 'f1', 'coverage'], ...rows], { indent: 2 }),
    '',
    `  mrr ${metrics.mrr.toFixed(4)}   auc ${metrics.auc.toFixed(4)}   auc of candidates ${metrics.aucCandidates.toFixed(4)}`,
    `  ${count(split.coldTargets)} of ${count(metrics.targets)} targets never occur in training (counted as asked)`,
    `  training ${evaluation.trainSeconds.toFixed(1)} s, evaluation ${evaluation.evaluateSeconds.toFixed(1)} s, seed ${flags.seed}`,
  ];
}
