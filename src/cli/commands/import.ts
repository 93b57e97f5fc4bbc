/** `kairank import`: records of a shop into its folder. */

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Catalog, defineCatalog, PLAIN_KINDS, type PlainKind } from '../../catalog/schema.js';
import { Engine } from '../../engine.js';
import { openRecords } from '../../formats/index.js';
import { oneOf, refuse } from '../../options.js';
import type { Adapter, ItemFacts } from '../../shopper/adapters/adapter.js';
import { createItemAdapter, type ItemShape, ItemShapeFinder } from '../../shopper/adapters/items.js';
import { createMappingAdapter, parsePairs } from '../../shopper/adapters/mapping.js';
import { createOnlineRetailAdapter } from '../../shopper/adapters/online-retail.js';
import { type ImportReport, importEvents, importItems } from '../../shopper/import.js';
import { interruptible } from '../interrupt.js';
import { addMappingOptions, type MappingFlags, mappingOf } from '../mapping.js';
import { jsonOption } from '../options.js';
import { count, plural, print, table } from '../output.js';
import { createProgress, type Progress } from '../progress.js';
import { addVectorOptions, catalogWithVectors, planVectors, runVectors, type VectorFlags, vectorsResult, vectorWords } from '../vectors.js';

const FORMATS = ['mapping', 'online-retail'] as const;

interface Flags extends MappingFlags, VectorFlags {
  events?: string;
  items?: string;
  format: (typeof FORMATS)[number];
  id?: string;
  schema?: Record<string, PlainKind>;
  json: boolean;
}

function parseSchema(text: string): Record<string, PlainKind> {
  return Object.fromEntries([...parsePairs('--schema', text)].map(([name, kind]) => [name, oneOf(`--schema ${name}`, kind, PLAIN_KINDS)]));
}

export function importCommand(): Command {
  const command = new Command('import')
    .description('Imports events, items and vectors of items into a shop; makes the shop when it is not there.')
    .argument('<shop>', 'folder of the shop')
    .option('--events <file>', 'JSONL, CSV (both plain or gzip) or Parquet')
    .option('--items <file>', 'the same of items: a column for the id, the others become fields')
    .addOption(new Option('--format <format>', 'how events are written').choices([...FORMATS]).default('mapping'))
    .option('--id <column>', 'column of the item’s id (default: id, item, item_id, sku …)')
    .addOption(
      new Option(
        '--schema <pairs>',
        `kinds of item fields, where they should not be guessed: brand=category,price=number (${PLAIN_KINDS.join(', ')})`,
      ).argParser(parseSchema),
    )
    .addOption(jsonOption());
  return addVectorOptions(addMappingOptions(command))
    .addHelpText(
      'after',
      `
Records that cannot be used are counted by reason and written to SHOP/rejected-events-TIME.jsonl. Without --items, every item that an
event names can be recommended.

Vectors go to items that are there, and replace what the field held; ids of other items are counted. Importing an item again replaces
it whole, its vectors too: import --items first, or both at once. Rows with NaN are rejected alone, or with --strict refuse all.

Examples:
  $ kairank import ./shop --events events.csv --map user=customer,item=sku,at=time,type=action --items items.csv
  $ kairank import ./shop --events orders.jsonl.gz --map user=buyer.id,item=product,at=created --type purchase
  $ kairank import ./shop --events online-retail-2009-2010.parquet --format online-retail
  $ kairank import ./shop --vectors images.npy --ids ids.txt --field image
  $ kairank import ./shop --vectors text.safetensors --tensor embeddings --ids ids.json --field text
  $ kairank import ./shop --vectors vectors.parquet --id-column sku --vector-column embedding --field image`,
    )
    .action((shop: string, flags: Flags) => interruptible((signal) => run(shop, flags, signal)));
}

/** What the import knows of the items before it opens the shop. */
interface Plan {
  /** undefined: the shop has a catalogue already. */
  catalog: Catalog | undefined;
  shape: ItemShape | undefined;
}

async function findShape(path: string, flags: Flags, progress: Progress, signal: AbortSignal): Promise<ItemShape> {
  const finder = new ItemShapeFinder();
  const file = await openRecords(path, { signal });
  for await (const batch of file.batches()) {
    for (const record of batch) if ('fields' in record) finder.add(record.fields);
    progress.update('looking at items', file.progress());
  }
  return finder.shape(flags.id, flags.schema);
}

async function plan(shop: string, flags: Flags, progress: Progress, signal: AbortSignal): Promise<Plan> {
  const shape = flags.items === undefined ? undefined : await findShape(flags.items, flags, progress, signal);
  // Vectors alone make no shop.
  const makes = flags.items !== undefined || flags.events !== undefined;
  if (!makes || existsSync(join(shop, 'data.mdb'))) return { catalog: undefined, shape };
  if (shape) return { catalog: defineCatalog({ fields: shape.fields }), shape };
  const fields: Record<string, PlainKind> = flags.format === 'online-retail' ? { title: 'text', price: 'number' } : {};
  return { catalog: defineCatalog({ fields }), shape };
}

/** A shop's own catalogue decides which fields there are; other columns are ignored. */
function fitShape(shape: ItemShape, catalog: Catalog): ItemShape {
  const fields: Record<string, PlainKind> = {};
  for (const [name, field] of Object.entries(catalog.fields)) {
    const kind = typeof field === 'string' ? field : field.kind;
    if (name in shape.fields && kind !== 'vector') fields[name] = kind;
  }
  const ignored = Object.keys(shape.fields).filter((name) => !(name in fields));
  return { ...shape, fields, ignored: [...shape.ignored, ...ignored] };
}

async function run(shop: string, flags: Flags, signal: AbortSignal): Promise<void> {
  if (flags.events === undefined && flags.items === undefined && flags.vectors === undefined)
    refuse('--events', 'a file of events, --items with one of items, or --vectors with one of vectors', 'none');
  const mapping = mappingOf(flags);
  if (flags.events !== undefined && flags.format === 'mapping' && mapping === undefined) {
    refuse('--map', 'columns for user, item and at (--map user=…,item=…,at=…)', 'none');
  }
  const started = performance.now();
  const progress = createProgress(flags.json);
  const createAdapter = (columns: readonly string[] | undefined): Adapter =>
    mapping && flags.format === 'mapping' ? createMappingAdapter(mapping, columns) : createOnlineRetailAdapter(columns);
  // What is wrong with the files or the mapping is said before a shop is made.
  if (flags.events !== undefined) createAdapter((await openRecords(flags.events)).columns);
  const vectorPlan = await planVectors(flags, progress, signal);
  const { catalog: planned, shape } = await plan(shop, flags, progress, signal);
  const catalog = vectorPlan ? await catalogWithVectors(shop, planned, vectorPlan) : planned;
  await vectorPlan?.check();
  await mkdir(shop, { recursive: true });
  const unknownItems = flags.events !== undefined && flags.items === undefined ? 'admit' : 'hold';
  const engine = await Engine.open(shop, catalog ? { catalog, unknownItems, signal } : { unknownItems, signal });
  try {
    const options = { folder: shop, signal };
    const items =
      shape && flags.items !== undefined
        ? await importItems(engine, flags.items, createItemAdapter(fitShape(shape, engine.catalog)), {
            ...options,
            onProgress: (done, read) => progress.update('items', done, count(read)),
          })
        : undefined;
    const events =
      flags.events === undefined
        ? undefined
        : await importEvents(engine, flags.events, createAdapter, {
            ...options,
            onProgress: (done, read) => progress.update('events', done, count(read)),
          });
    if (events && flags.items === undefined) await putDescribed(engine, events.adapter.items);
    // Last: what puts items replaces them whole.
    const vectors = vectorPlan && (await runVectors(engine, vectorPlan, shop, progress));
    progress.stop();
    const { items: itemCount, users, events: eventCount } = engine.stats;
    const main = events ?? items ?? (vectors && { ...vectors, duplicates: 0 });
    const seconds = Math.round(performance.now() - started) / 1000;
    const result = {
      read: main?.read ?? 0,
      accepted: main?.accepted ?? 0,
      duplicates: main?.duplicates ?? 0,
      rejected: main?.rejected ?? {},
      rejectedFile: main?.rejectedFile ?? null,
      notes: main?.notes ?? {},
      ...(events && items ? { itemsImport: withoutAdapter(items) } : {}),
      ...(vectors ? { vectors: vectorsResult(vectorPlan, vectors) } : {}),
      items: itemCount,
      users,
      events: eventCount,
      seconds,
    };
    print(flags.json, result, () => [
      ...(items ? words('items', items) : []),
      ...(events ? words('events', events) : []),
      ...(vectors ? vectorWords(vectorPlan, vectors) : []),
      `The shop has ${plural(itemCount, 'item')}, ${plural(users, 'shopper')} and ${plural(eventCount, 'event')} (${seconds.toFixed(1)} s).`,
    ]);
  } finally {
    progress.stop();
    await engine.close();
  }
}

/** Items that the events themselves described, as far as the catalogue has fields for it. */
async function putDescribed(engine: Engine, items: ReadonlyMap<string, ItemFacts>): Promise<void> {
  const { fields } = engine.catalog;
  const records = [...items].map(([id, facts]) => ({
    id,
    ...(facts.title !== undefined && 'title' in fields ? { title: facts.title } : {}),
    ...(facts.price !== undefined && 'price' in fields ? { price: facts.price } : {}),
  }));
  if (records.length > 0) await engine.items.put(records);
}

function withoutAdapter({ read, accepted, rejected, rejectedFile, notes }: ImportReport): object {
  return { read, accepted, rejected, rejectedFile, notes };
}

function words(kind: string, report: ImportReport): string[] {
  const rejected = Object.entries(report.rejected).sort(([, a], [, b]) => b - a);
  const total = rejected.reduce((sum, [, number]) => sum + number, 0);
  const duplicates = report.duplicates > 0 ? `, ${count(report.duplicates)} already known` : '';
  return [
    `${plural(report.read, 'record')} of ${kind}: ${count(report.accepted)} accepted${duplicates}, ${count(total)} rejected`,
    ...table(
      rejected.map(([reason, number]) => [count(number).padStart(9), reason]),
      { indent: 2 },
    ),
    ...(report.rejectedFile === null ? [] : [`  (see ${report.rejectedFile})`]),
    ...Object.entries(report.notes).map(([name, note]) => `  ${name}: ${note}`),
  ];
}
