/**
 * A folder of coupon campaigns, as dunnhumby's "The Complete Journey" has them: CSV with headers, plain or gzip.
 *
 *   campaigns               which household which campaign targeted
 *   campaign_descriptions   type, first and last day
 *   coupons                 which products which coupon of which campaign is for
 *   coupon_redemptions      who redeemed which coupon of which campaign, and on which day
 *   transactions            lines of baskets, or transactions_sample, a sample of them
 *   products, demographics
 *
 * Only what can be asked about is kept: targeted households, their transactions, and the products that they or coupons name.
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../formats/failures.js';
import { openRecords } from '../../formats/index.js';
import { DAY } from '../../options.js';
import { Numbering } from '../interactions.js';
import { Rejected } from './words.js';

export interface Campaign {
  id: string;
  /** Such as "Type A". */
  type: string;
  /** First moment of the first day, and of the day after the last, in milliseconds since 1970. */
  start: number;
  end: number;
  /** The products of each coupon. */
  coupons: Uint32Array[];
}

/** Who a campaign targeted, each pair once; households and campaigns by row. */
export interface Targets {
  households: Uint32Array;
  campaigns: Uint32Array;
}

/** In order of time; the campaign's coupon by its place in `coupons`. */
export interface Redemption {
  household: number;
  campaign: number;
  coupon: number;
  /** First moment of the day. */
  at: number;
}

/** Lines of baskets. Household h owns lines offsets[h] .. offsets[h + 1], oldest first. */
export interface Transactions {
  offsets: Uint32Array;
  times: Float64Array;
  products: Uint32Array;
  baskets: Uint32Array;
  /** Money paid, and what discounts of the shop, of coupons, and of coupons that the shop matched took off. */
  spent: Float32Array;
  shopDiscount: Float32Array;
  couponDiscount: Float32Array;
}

/** What is told of products, coarse to fine: numbers by product row, UNKNOWN where nothing is told. */
export const PRODUCT_LEVELS = ['department', 'manufacturer', 'category', 'type'] as const;
export type ProductLevel = (typeof PRODUCT_LEVELS)[number];
export const UNKNOWN = -1;

export interface Products {
  count: number;
  levels: Readonly<Record<ProductLevel, Int32Array>>;
  /** Names of the departments by number. */
  departments: readonly string[];
  /** 1 for a brand of the shop's own. */
  ownBrand: Uint8Array;
}

/** Households by row; empty where nothing is told. */
export interface Demographics {
  columns: readonly string[];
  values: readonly (readonly string[] | undefined)[];
}

export interface CouponData {
  /** Ids of the targeted households by row. */
  households: string[];
  campaigns: Campaign[];
  targets: Targets;
  redemptions: Redemption[];
  products: Products;
  transactions: Transactions;
  demographics: Demographics;
  /** Records that could not be used, by reason. */
  rejected: Record<string, number>;
}

/** The file of a table, by the first of its names that is there, gzip before plain. */
async function tableOf(folder: string, ...names: readonly string[]): Promise<string> {
  const paths = names.flatMap((name) => [join(folder, `${name}.csv.gz`), join(folder, `${name}.csv`)]);
  for (const path of paths) {
    const there = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (there) return path;
  }
  throw fileError('KAIRANK_IO', folder, `has no ${names.join(' or ')}`, { expected: paths.join(' or '), received: 'none of them' });
}

/** Reads tables of one folder, and counts what cannot be read. */
class Tables {
  readonly rejected = new Rejected();

  constructor(
    private readonly folder: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** The values of some columns, record by record, in the order of the columns. */
  async *rows(names: readonly string[], columns: readonly string[]): AsyncGenerator<string[], void, void> {
    const path = await tableOf(this.folder, ...names);
    const file = await openRecords(path, { columns, signal: this.signal });
    const missing = columns.filter((column) => file.columns?.includes(column) !== true);
    if (missing.length > 0) {
      throw fileError('KAIRANK_CORRUPT_FILE', path, `has no column ${missing.join(', ')}`, {
        expected: columns.join(', '),
        received: file.columns?.join(', ') ?? 'no header',
      });
    }
    for await (const batch of file.batches()) {
      for (const record of batch) {
        if ('problem' in record) this.rejected.add(record.problem);
        else yield columns.map((column) => String(record.fields[column]).trim());
      }
    }
  }
}

async function readCampaigns(tables: Tables): Promise<{ campaigns: Campaign[]; rowOf: Map<string, number> }> {
  const campaigns: Campaign[] = [];
  const rowOf = new Map<string, number>();
  const columns = ['campaign_id', 'campaign_type', 'start_date', 'end_date'];
  for await (const [id = '', type = '', from = '', to = ''] of tables.rows(['campaign_descriptions'], columns)) {
    const [start, end] = [Date.parse(from), Date.parse(to) + DAY];
    if (rowOf.has(id)) tables.rejected.add('campaign again');
    else if (!(start < end)) tables.rejected.add('no days of a campaign');
    else rowOf.set(id, campaigns.push({ id, type, start, end, coupons: [] }) - 1);
  }
  return { campaigns, rowOf };
}

async function readTargets(tables: Tables, campaignOf: ReadonlyMap<string, number>, households: Numbering): Promise<Targets> {
  const pairs = new Map<string, [household: number, campaign: number]>();
  for await (const [id = '', name = ''] of tables.rows(['campaigns'], ['campaign_id', 'household_id'])) {
    const campaign = campaignOf.get(id);
    if (campaign === undefined) tables.rejected.add('campaign without a description');
    else pairs.set(`${id} ${name}`, [households.of(name), campaign]);
  }
  const list = [...pairs.values()];
  return {
    households: Uint32Array.from(list, ([household]) => household),
    campaigns: Uint32Array.from(list, ([, campaign]) => campaign),
  };
}

/** Puts the coupons into their campaigns. @returns a coupon's place within its campaign, by `campaign coupon`. */
async function readCoupons(
  tables: Tables,
  campaigns: readonly Campaign[],
  campaignOf: ReadonlyMap<string, number>,
  products: Numbering,
): Promise<Map<string, number>> {
  const placeOf = new Map<string, number>();
  const lists = campaigns.map((): Set<number>[] => []);
  for await (const [coupon = '', product = '', id = ''] of tables.rows(['coupons'], ['coupon_upc', 'product_id', 'campaign_id'])) {
    const own = lists[campaignOf.get(id) ?? -1];
    if (!own) {
      tables.rejected.add('coupon of an unknown campaign');
      continue;
    }
    const place = placeOf.get(`${id} ${coupon}`) ?? own.push(new Set()) - 1;
    placeOf.set(`${id} ${coupon}`, place);
    own[place]?.add(products.of(product));
  }
  for (const [row, campaign] of campaigns.entries()) campaign.coupons = (lists[row] ?? []).map((list) => Uint32Array.from(list));
  return placeOf;
}

async function readRedemptions(
  tables: Tables,
  campaignOf: ReadonlyMap<string, number>,
  householdOf: ReadonlyMap<string, number>,
  placeOf: ReadonlyMap<string, number>,
): Promise<Redemption[]> {
  const redemptions: Redemption[] = [];
  const columns = ['household_id', 'coupon_upc', 'campaign_id', 'redemption_date'];
  for await (const [name = '', upc = '', id = '', day = ''] of tables.rows(['coupon_redemptions'], columns)) {
    const household = householdOf.get(name);
    const campaign = campaignOf.get(id);
    const coupon = placeOf.get(`${id} ${upc}`);
    const at = Date.parse(day);
    if (household === undefined) tables.rejected.add('redemption of a household that nothing targeted');
    else if (campaign === undefined || coupon === undefined) tables.rejected.add('redemption of an unknown coupon');
    else if (Number.isNaN(at)) tables.rejected.add('redemption without a day');
    else redemptions.push({ household, campaign, coupon, at });
  }
  return redemptions.sort((a, b) => a.at - b.at);
}

interface Line {
  household: number;
  product: number;
  basket: number;
  at: number;
  spent: number;
  shopDiscount: number;
  couponDiscount: number;
}

async function readTransactions(tables: Tables, householdOf: ReadonlyMap<string, number>, products: Numbering): Promise<Transactions> {
  const lines: Line[] = [];
  const baskets = new Numbering();
  const columns = ['household_id', 'basket_id', 'product_id', 'sales_value', 'retail_disc', 'coupon_disc', 'coupon_match_disc'];
  for await (const row of tables.rows(['transactions', 'transactions_sample'], [...columns, 'transaction_timestamp'])) {
    const [name = '', basket = '', product = '', ...numbers] = row;
    const household = householdOf.get(name);
    if (household === undefined) continue;
    const [spent = 0, shopDiscount = 0, coupon = 0, match = 0, seconds = 0] = numbers.map((text) =>
      text === '' ? Number.NaN : Number(text),
    );
    const line = { household, product: products.of(product), basket: baskets.of(basket), at: seconds * 1000, spent, shopDiscount };
    if ([spent, shopDiscount, coupon, match, seconds].every(Number.isFinite)) lines.push({ ...line, couponDiscount: coupon + match });
    else tables.rejected.add('transaction without numbers');
  }
  lines.sort((a, b) => a.household - b.household || a.at - b.at);
  const offsets = new Uint32Array(householdOf.size + 1);
  for (const { household } of lines) offsets[household + 1] = (offsets[household + 1] ?? 0) + 1;
  for (let household = 0; household < householdOf.size; household++)
    offsets[household + 1] = (offsets[household + 1] ?? 0) + (offsets[household] ?? 0);
  return {
    offsets,
    times: Float64Array.from(lines, ({ at }) => at),
    products: Uint32Array.from(lines, ({ product }) => product),
    baskets: Uint32Array.from(lines, ({ basket }) => basket),
    spent: Float32Array.from(lines, ({ spent }) => spent),
    shopDiscount: Float32Array.from(lines, ({ shopDiscount }) => shopDiscount),
    couponDiscount: Float32Array.from(lines, ({ couponDiscount }) => couponDiscount),
  };
}

async function readProducts(tables: Tables, named: readonly string[]): Promise<Products> {
  const rowOf = new Map(named.map((id, row) => [id, row]));
  const numberings = PRODUCT_LEVELS.map(() => new Numbering());
  const unknown = (): Int32Array => new Int32Array(named.length).fill(UNKNOWN);
  const levels = { department: unknown(), manufacturer: unknown(), category: unknown(), type: unknown() };
  const ownBrand = new Uint8Array(named.length);
  const columns = ['product_id', 'brand', 'department', 'manufacturer_id', 'product_category', 'product_type'];
  for await (const [id = '', brand = '', ...values] of tables.rows(['products'], columns)) {
    const row = rowOf.get(id);
    if (row === undefined) continue;
    ownBrand[row] = brand === 'Private' ? 1 : 0;
    for (const [index, level] of PRODUCT_LEVELS.entries()) {
      const value = values[index] ?? '';
      levels[level][row] = value === '' ? UNKNOWN : (numberings[index]?.of(value) ?? UNKNOWN);
    }
  }
  return { count: named.length, levels, departments: numberings[PRODUCT_LEVELS.indexOf('department')]?.names ?? [], ownBrand };
}

export const DEMOGRAPHIC_COLUMNS = ['age', 'income', 'home_ownership', 'marital_status', 'household_size', 'household_comp', 'kids_count'];

async function readDemographics(tables: Tables, householdOf: ReadonlyMap<string, number>): Promise<Demographics> {
  const values = new Array<readonly string[] | undefined>(householdOf.size).fill(undefined);
  for await (const [id = '', ...own] of tables.rows(['demographics'], ['household_id', ...DEMOGRAPHIC_COLUMNS])) {
    const household = householdOf.get(id);
    if (household !== undefined) values[household] = own;
  }
  return { columns: DEMOGRAPHIC_COLUMNS, values };
}

/**
 * Reads a folder of coupon campaigns.
 * @throws KairankError KAIRANK_IO when a table is not there; KAIRANK_CORRUPT_FILE when one lacks a column, or nothing is targeted.
 */
export async function readCouponData(folder: string, signal?: AbortSignal): Promise<CouponData> {
  const tables = new Tables(folder, signal);
  const [households, products] = [new Numbering(), new Numbering()];
  const { campaigns, rowOf } = await readCampaigns(tables);
  const targets = await readTargets(tables, rowOf, households);
  if (targets.campaigns.length === 0) {
    throw fileError('KAIRANK_CORRUPT_FILE', folder, 'has no pair of a household and a campaign', {
      expected: 'campaigns that are described and target somebody',
      received: 'none',
    });
  }
  const householdOf = new Map(households.names.map((name, row) => [name, row]));
  const placeOf = await readCoupons(tables, campaigns, rowOf, products);
  const redemptions = await readRedemptions(tables, rowOf, householdOf, placeOf);
  const transactions = await readTransactions(tables, householdOf, products);
  return {
    households: households.names,
    campaigns,
    targets,
    redemptions,
    products: await readProducts(tables, products.names),
    transactions,
    demographics: await readDemographics(tables, householdOf),
    rejected: tables.rejected.counts,
  };
}
