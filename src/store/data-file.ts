/**
 * A look over data.mdb before LMDB maps it: LMDB trusts its file, and reading a page that is cut off kills the process.
 * Every page that the newest root reaches must be inside the file, be the page it says it is, and hold its own nodes.
 * Layout: mdb.c of LMDB 1.0 as the package lmdb builds it (page headers of 24 bytes with the transaction's id).
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { KairankError } from '../errors.js';

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const HEADER = 24;
const META_BYTES = 136;
const PAGE_BRANCH = 1;
const PAGE_LEAF = 2;
const PAGE_OVERFLOW = 4;
const PAGE_META = 8;
const NODE_BIG = 1;
const NODE_SUB = 2;
const NODE_HEADER = 8;
const DB_BYTES = 48;
const NO_PAGE = 0xffffffffffffffffn;
/** Offsets within a meta page, after its header. */
const META = { magic: 0, version: 4, pageSize: 24, freeRoot: 24 + 40, mainRoot: 72 + 40, lastPage: 120, transaction: 128 };
/** Up to this size every page is looked at; above, only a file that is too short for its last page. */
const ALWAYS_BELOW = 128 * 2 ** 20;

class DataFile {
  readonly #fd: number;
  readonly size: number;
  pageSize = 4096;

  constructor(readonly path: string) {
    this.#fd = openSync(path, 'r');
    this.size = fstatSync(this.#fd).size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  fail(what: string): never {
    throw new KairankError('KAIRANK_CORRUPT_FILE', `${this.path}: ${what}`, { field: this.path, received: what });
  }

  read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (at + length > this.size || readSync(this.#fd, bytes, 0, length, at) !== length) this.fail('the file is cut off');
    return bytes;
  }

  page(number: bigint, flag: number): Buffer {
    if (number * BigInt(this.pageSize) >= BigInt(this.size)) this.fail('the file is cut off');
    const page = this.read(Number(number) * this.pageSize, this.pageSize);
    if (page.readBigUInt64LE(0) !== number || (page.readUInt16LE(18) & flag) === 0) this.fail(`page ${number} is damaged`);
    return page;
  }
}

/** The two meta pages; the one of the later transaction counts. */
function newestMeta(file: DataFile): Buffer {
  const first = file.read(0, HEADER + META_BYTES);
  const check = (meta: Buffer): Buffer => {
    if ((meta.readUInt16LE(18) & PAGE_META) === 0 || meta.readUInt32LE(HEADER + META.magic) !== MAGIC) file.fail('not an LMDB file');
    const version = meta.readUInt32LE(HEADER + META.version);
    if (version !== VERSION) {
      throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${file.path}: LMDB data version ${version}, expected ${VERSION}`, {
        field: file.path,
        expected: `LMDB data version ${VERSION}`,
        received: String(version),
      });
    }
    return meta.subarray(HEADER);
  };
  const one = check(first);
  file.pageSize = one.readUInt32LE(META.pageSize);
  if (file.pageSize < 256 || file.pageSize > 65536 || (file.pageSize & (file.pageSize - 1)) !== 0) file.fail('page 0 is damaged');
  const two = check(file.read(file.pageSize, HEADER + META_BYTES));
  return two.readBigUInt64LE(META.transaction) > one.readBigUInt64LE(META.transaction) ? two : one;
}

/** Nodes of a page as [offset, key bytes] with every bound checked. */
function* nodes(file: DataFile, page: Buffer, number: bigint): Iterable<number> {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  if (lower % 2 !== 0 || lower > upper || upper > file.pageSize - HEADER) file.fail(`page ${number} is damaged`);
  for (let index = 0; index < lower; index += 2) {
    const at = HEADER + page.readUInt16LE(HEADER + index);
    if (at + NODE_HEADER > file.pageSize || at + NODE_HEADER + page.readUInt16LE(at + 6) > file.pageSize) {
      file.fail(`page ${number} is damaged`);
    }
    yield at;
  }
}

function checkLeaf(file: DataFile, page: Buffer, number: bigint, roots: bigint[]): void {
  for (const at of nodes(file, page, number)) {
    const size = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 65536;
    const flags = page.readUInt16LE(at + 4);
    const data = at + NODE_HEADER + page.readUInt16LE(at + 6);
    const inline = flags & NODE_BIG ? 8 : flags & NODE_SUB ? DB_BYTES : size;
    if (data + inline > file.pageSize) file.fail(`page ${number} is damaged`);
    if (flags & NODE_BIG) {
      const big = page.readBigUInt64LE(data);
      const pages = BigInt(file.page(big, PAGE_OVERFLOW).readUInt32LE(20));
      if (pages * BigInt(file.pageSize) < BigInt(size + HEADER)) file.fail(`page ${big} is damaged`);
      // The value itself must be there; what the last page has beyond it need not be.
      if (big * BigInt(file.pageSize) + BigInt(HEADER + size) > BigInt(file.size)) file.fail('the file is cut off');
    } else if (flags & NODE_SUB) roots.push(page.readBigUInt64LE(data + 40));
  }
}

function walk(file: DataFile, roots: bigint[]): void {
  const seen = new Set<bigint>();
  for (let number = roots.pop(); number !== undefined; number = roots.pop()) {
    if (number === NO_PAGE) continue;
    if (seen.has(number)) file.fail(`page ${number} is damaged`);
    seen.add(number);
    const page = file.page(number, PAGE_BRANCH | PAGE_LEAF);
    if (page.readUInt16LE(18) & PAGE_LEAF) checkLeaf(file, page, number, roots);
    else {
      for (const at of nodes(file, page, number)) {
        roots.push(BigInt(page.readUInt16LE(at)) | (BigInt(page.readUInt16LE(at + 2)) << 16n) | (BigInt(page.readUInt16LE(at + 4)) << 32n));
      }
    }
  }
}

/**
 * Checks data.mdb before it is mapped.
 * @param quick look at the ends of the file alone, for a file that its owner may be writing to
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT naming the file
 */
export function checkDataFile(path: string, quick: boolean): void {
  const file = new DataFile(path);
  try {
    const meta = newestMeta(file);
    const complete = (meta.readBigUInt64LE(META.lastPage) + 1n) * BigInt(file.pageSize) <= BigInt(file.size);
    if (complete && (quick || file.size > ALWAYS_BELOW)) return;
    // Pages at the very end may never have been written: they were taken and given back in one transaction.
    walk(file, [meta.readBigUInt64LE(META.freeRoot), meta.readBigUInt64LE(META.mainRoot)]);
  } finally {
    file.close();
  }
}
