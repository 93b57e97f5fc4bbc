/** `kairank evaluate`: learn on one part of a data set, ask about another. */

import { Argument, Command, Option } from 'commander';
import { CONTENT_MODELS } from '../../evaluate/baselines/index.js';
import { PROBABILITY_MODELS } from '../../evaluate/coupons/models.js';
import { TEST_FROM } from '../../evaluate/coupons/split.js';
import {
  DATA_FORMATS,
  type DataFormat,
  foldsOfSplit,
  type PreparedSplit,
  PROTOCOLS,
  type Protocol,
  prepareSplit,
} from '../../evaluate/protocols.js';
import { compareWithBest, companionsOf, type Measured } from '../../evaluate/paired.js';
import { EVALUATION_MODELS, type Evaluation, type EvaluationModel, evaluate } from '../../evaluate/run.js';
import { oneOf, refuse } from '../../options.js';
import { EVENT_TYPES } from '../../shopper/events.js';
import { runCoupons } from '../coupons.js';
import { type Asked, type Outcome, reportOf, wordsOf } from '../evaluation.js';
import { interruptible } from '../interrupt.js';
import { addMappingOptions, type MappingFlags, mappingOf } from '../mapping.js';
import { budgetOption, cutoffs, date, jsonOption, listOf, seedOption, share, threadsOption, wholeNumber } from '../options.js';
import { count, print } from '../output.js';
import { createProgress, type Progress } from '../progress.js';
import { showTraining } from '../training.js';

interface Flags extends MappingFlags {
  format: DataFormat | 'coupons';
  protocol?: Protocol;
  /** Names of models, which the format decides what they may be. */
  model: string[];
  seen?: 'exclude' | 'allow';
  k: number[];
  seed: number;
  seeds?: number[];
  folds?: number;
  refit?: boolean;
  ranker: boolean;
  ablate: boolean;
  budget: number;
  goal?: string;
  threads: number;
  candidates?: number;
  testFrom?: number;
  validationFrom?: number;
  shuffleTies: boolean;
  gaps?: string;
  items?: string;
  coldItems?: number;
  json: boolean;
}

/** Cut-offs that are always reported, whatever --k asks for. */
const USUAL_CUTOFFS = [5, 10];

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measures models on a data set: nothing that the test asks for is learned from.')
    .addArgument(
      new Argument(
        '<data>',
        'file of sequences (user item item …), events or invoices; folder of sessions, of a LightGCN split or of coupons',
      ),
    )
    .addOption(new Option('--format <format>', 'what the file is').choices([...DATA_FORMATS, 'coupons']).default('events'))
    .addOption(new Option('--protocol <protocol>', 'how it is split (default: what the format is for)').choices([...PROTOCOLS]))
    .addOption(
      new Option(
        '--model <list>',
        `what is measured, one or several of ${EVALUATION_MODELS.join(', ')}; engine is the whole pipeline; for coupons ${PROBABILITY_MODELS.join(', ')}`,
      )
        .default([], 'engine')
        .argParser(listOf('--model', (word) => oneOf('--model', word, [...new Set([...EVALUATION_MODELS, ...PROBABILITY_MODELS])]))),
    )
    .addOption(
      new Option(
        '--seen <rule>',
        'whether items that the shopper had are ranked (default: exclude for sequences and lightgcn, else allow)',
      ).choices(['exclude', 'allow']),
    )
    .addOption(new Option('--k <list>', 'cut-offs, beside 5 and 10').argParser(cutoffs).default(USUAL_CUTOFFS, '5,10'))
    .addOption(new Option('--candidates <n>', 'candidates that recall hands to ranking (engine)').argParser(Number))
    .addOption(
      new Option(
        '--test-from <date>',
        'first day of the test (temporal; default: one month before the last event; the last fifth of a short time; coupons: 2017-10-01)',
      ).argParser(date('--test-from')),
    )
    .addOption(
      new Option(
        '--validation-from <date>',
        'first day of the validation (temporal; default: one month before the test, or as long as the test)',
      ).argParser(date('--validation-from')),
    )
    .addOption(
      new Option('--goal <type>', 'the event type that is foretold, all others being history (events, temporal)').choices([...EVENT_TYPES]),
    )
    .addOption(new Option('--refit', 'fit the chosen settings again on train and validation (default: only where the protocol does)'))
    .option('--no-ranker', 'the blend alone, without the ranker that orders its best candidates anew (engine)')
    .option('--ablate', 'what every source and every group of inputs of the ranker is worth: the same without it (engine)', false)
    .addOption(budgetOption())
    .option('--shuffle-ties', 'put items of the same moment in random order, by the seed', false)
    .option('--gaps <file>', 'seconds between the items of sequences (default: timegaps.txt beside them)')
    .option('--items <file>', 'what the catalogue says of the items: CSV (tabs too), JSONL or Parquet with a column id or item_id')
    .addOption(
      new Option(
        '--cold-items <share>',
        'hold out this share of the items with all their events, and ask who takes them (protocol cold-items)',
      ).argParser(share('--cold-items')),
    )
    .addOption(seedOption())
    .addOption(
      new Option('--seeds <list>', 'several runs, such as 1,2,3: their mean and deviation').argParser(
        listOf('--seeds', wholeNumber('--seeds', 0, 2 ** 32 - 1)),
      ),
    )
    .addOption(
      new Option(
        '--folds <k>',
        'cross-validation by user: settings are chosen on all folds but one, which is asked (leave-one-out, temporal); mean and deviation',
      ).argParser(wholeNumber('--folds', 2, 100)),
    )
    .addOption(threadsOption())
    .addOption(jsonOption());
  return addMappingOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ kairank evaluate beauty/sequences.txt --format sequences --protocol leave-one-out --model rules
  $ kairank evaluate beauty/sequences.txt --format sequences --model engine,sequence,rules,ials --seeds 1,2,3 --shuffle-ties
  $ kairank evaluate online-retail.parquet --format online-retail --model repeat --test-from 2010-11-09
  $ kairank evaluate beauty/sequences.txt --format sequences --model rules --folds 5
  $ kairank evaluate diginetica --format sessions --k 20
  $ kairank evaluate events.jsonl --format events --goal purchase
  $ kairank evaluate beauty/sequences.txt --format sequences --items beauty/items.tsv --cold-items 0.1 --model content,tfidf
  $ kairank evaluate complete-journey --format coupons --model engine,logistic
  $ kairank evaluate events.csv --map user=customer,item=sku,at=time --model engine --json`,
    )
    .action((path: string, flags: Flags) =>
      interruptible((signal) => {
        if (flags.format !== 'coupons') return run(path, { ...flags, format: flags.format }, signal);
        refuseGiven(command, RANKING_OPTIONS, flags.format);
        return runForCoupons(path, flags, signal);
      }),
    );
}

/** Options that say how lists are split, ranked and measured: coupons have no lists. */
const RANKING_OPTIONS = [
  'protocol',
  'seen',
  'k',
  'candidates',
  'validationFrom',
  'goal',
  'refit',
  'ranker',
  'shuffleTies',
  'gaps',
  'items',
  'coldItems',
  'seeds',
  'folds',
  'ablate',
  'ranker',
  'map',
  'type',
  'types',
  'timeUnit',
];

/** An option that nothing reads must not pass in silence. */
function refuseGiven(command: Command, names: readonly string[], format: string): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (!names.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    refuse(option.long ?? name, `no such option for the format ${format}`, command.getOptionValue(name));
  }
}

async function runForCoupons(path: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const models = flags.model.length === 0 ? (['engine'] as const) : flags.model.map((model) => oneOf('--model', model, PROBABILITY_MODELS));
  const { seed, threads, json, testFrom = TEST_FROM } = flags;
  const progress = createProgress(json);
  try {
    await runCoupons(path, { models, testFrom, seed, threads, budget: flags.budget / 1000, json }, progress, signal);
  } finally {
    progress.stop();
  }
}

/** The flags of an evaluation of ranked lists. */
interface RankingFlags extends Flags {
  format: DataFormat;
}

/** The splits of one seed: one, or one a fold. */
async function splitsOf(
  path: string,
  flags: RankingFlags,
  seed: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<PreparedSplit[]> {
  progress.update('reading', 0);
  const prepared = await prepareSplit(path, { ...flags, seed, mapping: mappingOf(flags), signal });
  progress.update('reading', 1, `${count(prepared.interactions.histories.rows.length)} events`);
  return flags.folds === undefined ? [prepared] : foldsOfSplit(prepared, flags.folds, seed);
}

/** Evaluates models on one split, and what they are compared with. */
async function runSplit(
  prepared: PreparedSplit,
  flags: RankingFlags,
  models: readonly EvaluationModel[],
  seed: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const excludeSeen = flags.seen === undefined ? prepared.excludeSeen : flags.seen === 'exclude';
  const refit = flags.refit ?? prepared.split.refits;
  const common = { excludeSeen, ks: cutoffsOf(flags), seed, threads: flags.threads, refit, budget: flags.budget / 1000 };
  const single = prepared.fold === undefined && (flags.seeds === undefined || flags.seeds.length === 1);
  const measured: { asked: Asked; evaluation: Evaluation }[] = [];
  for (const model of [...models, ...(single ? companionsOf(models, prepared.protocol) : [])]) {
    const asked: Asked = { ...common, model };
    const evaluation = await evaluate(prepared.split, {
      ...asked,
      ranker: flags.ranker,
      ablate: flags.ablate,
      signal,
      onProgress: showTraining(progress),
      ...(flags.candidates === undefined ? {} : { candidates: flags.candidates }),
    });
    measured.push({ asked, evaluation });
  }
  const figures = measured.map(({ asked: { model }, evaluation }): Measured => ({ model, figures: evaluation.metrics.ndcgOfCases }));
  return measured.slice(0, models.length).map(({ asked, evaluation }, index) => {
    const own = figures[index];
    return { prepared, asked, evaluation, comparison: single && own ? compareWithBest(own, figures) : null };
  });
}

function cutoffsOf({ k }: Flags): number[] {
  return [...new Set([...USUAL_CUTOFFS, ...k])].sort((a, b) => a - b);
}

async function run(path: string, flags: RankingFlags, signal: AbortSignal): Promise<void> {
  const named = flags.model.map((model) => oneOf('--model', model, EVALUATION_MODELS));
  const models = named.length === 0 ? (['engine'] as const) : named;
  const reader = models.find((model) => CONTENT_MODELS.includes(model));
  if (reader !== undefined && flags.items === undefined) refuse('--items', `a file of items, which the model ${reader} goes by`, 'none');
  if (flags.folds !== undefined && flags.seeds !== undefined) refuse('--folds', 'one --seed, which deals the users out', 'several seeds');
  const progress = createProgress(flags.json);
  try {
    const outcomes: Outcome[] = [];
    for (const seed of flags.seeds ?? [flags.seed]) {
      for (const prepared of await splitsOf(path, flags, seed, progress, signal)) {
        outcomes.push(...(await runSplit(prepared, flags, models, seed, progress, signal)));
      }
    }
    progress.stop();
    print(flags.json, reportOf(outcomes), () => wordsOf(outcomes));
  } finally {
    progress.stop();
  }
}
