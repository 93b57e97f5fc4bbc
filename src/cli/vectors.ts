/** `kairank import --vectors`: the options, what is settled before the shop is opened, and the words at the end. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Catalog, withVectorField } from '../catalog/schema.js';
import type { Engine } from '../engine.js';
import { KairankError } from '../errors.js';
import { storedCatalog } from '../opening.js';
import { refuse } from '../options.js';
import { importVectors, openVectorSource, requireAllRows, type VectorReport, type VectorSource } from '../shopper/import-vectors.js';
import { count, plural, table } from './output.js';
import type { Progress } from './progress.js';

export interface VectorFlags {
  vectors?: string;
  field?: string;
  ids?: string;
  tensor?: string;
  idColumn?: string;
  vectorColumn?: string;
  strict?: boolean;
}

export function addVectorOptions(command: Command): Command {
  return command
    .option('--vectors <file>', 'precomputed vectors of items, by id: npy, safetensors or Parquet')
    .option('--field <name>', 'the vector field that they go into; it joins the catalogue where it is not there')
    .option('--ids <file>', 'ids of the rows of npy and safetensors: one a line, or a JSON array in a .json')
    .option('--tensor <name>', 'which matrix of a safetensors file (default: the only one)')
    .option('--id-column <name>', 'column of the ids in Parquet (default: id)')
    .option('--vector-column <name>', 'column of the lists of numbers in Parquet (default: embedding)')
    .addOption(new Option('--strict', 'imports no vector when any row of --vectors cannot be used'));
}

/** What is known of the vectors before the shop is opened. */
export interface VectorPlan {
  field: string;
  source: VectorSource;
  /** `--strict`: reads all rows, and refuses them all when one cannot be used. */
  check(): Promise<void>;
}

/**
 * Opens and checks the files of vectors; undefined when there are none to import.
 * @throws KairankError KAIRANK_INVALID_ARGUMENT for options that do not go together, and what the files are refused with
 */
export async function planVectors(flags: VectorFlags, progress: Progress, signal: AbortSignal): Promise<VectorPlan | undefined> {
  const { vectors, field, ids, tensor, idColumn, vectorColumn } = flags;
  if (vectors === undefined) {
    const other = Object.entries({ '--field': field, '--ids': ids, '--tensor': tensor, '--strict': flags.strict }).find(
      ([, given]) => given,
    );
    if (other) refuse('--vectors', `a file of vectors, as ${other[0]} is for those`, 'none');
    return undefined;
  }
  if (field === undefined) refuse('--field', 'the vector field that --vectors go into', 'none');
  const open = (): Promise<VectorSource> => openVectorSource(vectors, ids, { tensor, idColumn, vectorColumn, signal });
  const check = async (): Promise<void> => {
    if (flags.strict) await requireAllRows(await open(), (done) => progress.update('looking at vectors', done));
  };
  return { field, source: await open(), check };
}

/**
 * The catalogue with the vector field in it; undefined when the shop's own has it already.
 * @param made the catalogue of a shop that this import makes
 * @throws KairankError KAIRANK_NOT_FOUND without a shop, KAIRANK_INVALID_SCHEMA for a field of another kind or dim
 */
export async function catalogWithVectors(shop: string, made: Catalog | undefined, plan: VectorPlan): Promise<Catalog | undefined> {
  if (!made && !existsSync(join(shop, 'data.mdb'))) {
    throw new KairankError('KAIRANK_NOT_FOUND', `${shop}: there is no shop, so no items that vectors could go to; import --items first`, {
      field: 'shop',
      received: shop,
    });
  }
  const catalog = made ?? (await storedCatalog(shop));
  const there = plan.field in catalog.fields;
  const grown = withVectorField(catalog, plan.field, plan.source.file.dim);
  return there && !made ? undefined : grown;
}

export async function runVectors(engine: Engine, { field, source }: VectorPlan, folder: string, progress: Progress): Promise<VectorReport> {
  return importVectors(engine, field, source, {
    folder,
    onProgress: (done, read) => progress.update('vectors', done, count(read)),
  });
}

/** The report for JSON: what was added where, and what was not. */
export function vectorsResult({ field }: VectorPlan, { accepted, ...report }: VectorReport): object {
  return { field, added: accepted, ...report };
}

export function vectorWords({ field }: VectorPlan, report: VectorReport): string[] {
  const rejected = Object.entries(report.rejected).sort(([, a], [, b]) => b - a);
  const total = rejected.reduce((sum, [, number]) => sum + number, 0);
  const outcome = `${count(report.accepted)} added to ${field}, ${count(report.unknown)} of unknown items, ${count(total)} rejected`;
  return [
    `${plural(report.read, 'vector')} of ${plural(report.dim, 'number')}: ${outcome}`,
    ...table(
      rejected.map(([reason, number]) => [count(number).padStart(9), reason]),
      { indent: 2 },
    ),
    ...(report.rejectedFile === null ? [] : [`  (see ${report.rejectedFile})`]),
    ...Object.entries(report.notes).map(([name, note]) => `  ${name}: ${note}`),
  ];
}
