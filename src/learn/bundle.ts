/**
 * Bundles: trained models on disk, one folder each. weights.safetensors holds the arrays, manifest.json everything
 * else and the checksum of the arrays; whoever points at the bundle keeps the checksum of the manifest.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coverage } from '../catalog/content.js';
import { KairankError } from '../errors.js';
import { readSafetensors, type Tensor, writeSafetensors } from '../formats/safetensors.js';
import type { NextEventModel } from '../shopper/next-event.js';
import { type ModelTensors, readTensors, tensorsOf } from './tensors.js';
import type { LearnedContent, TrainReport } from './types.js';

const FORMAT = 'kairank-bundle';
const FORMAT_VERSION = 4;
const MANIFEST = 'manifest.json';
const WEIGHTS = 'weights.safetensors';
const DRAFT = '.draft-';

/** Which bundle, and what its manifest must hash to. */
export interface BundleReference {
  bundle: string;
  checksum: string;
}

export interface Bundle {
  id: string;
  trainedAt: string;
  report: TrainReport;
  /** Foretells the next event of a shopper; a few dozen numbers, which is why the manifest has room for them. */
  next: NextEventModel | null;
  tensors: ModelTensors;
}

/** A name that sorts by time. */
export function newBundleId(now: Date): string {
  return `${now.toISOString().replace(/[-:.Z]/g, '')}-${randomBytes(3).toString('hex')}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk once the folder that holds the name is. */
async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and does not need to.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Writes a bundle under `folder`; nothing of it is visible under its name before all of it is on the disk.
 * @throws KairankError KAIRANK_IO
 */
export async function writeBundle(
  folder: string,
  tensors: ModelTensors,
  report: TrainReport,
  next: NextEventModel | null = null,
): Promise<BundleReference & { trainedAt: string }> {
  const now = new Date();
  const id = newBundleId(now);
  const draft = join(folder, `${DRAFT}${id}`);
  const { arrays, settings } = tensorsOf(tensors);
  const weights = writeSafetensors(arrays, { format: FORMAT });
  const manifest = Buffer.from(
    `${JSON.stringify(
      {
        format: FORMAT,
        version: FORMAT_VERSION,
        id,
        trainedAt: now.toISOString(),
        settings,
        report,
        next,
        weights: { file: WEIGHTS, bytes: weights.length, sha256: sha256(weights) },
      },
      null,
      2,
    )}\n`,
  );
  try {
    await mkdir(draft, { recursive: true });
    await writeDurably(join(draft, WEIGHTS), weights);
    await writeDurably(join(draft, MANIFEST), manifest);
    await syncFolder(draft);
    await rename(draft, join(folder, id));
    await syncFolder(folder);
    await syncFolder(join(folder, '..'));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const message = error instanceof Error ? error.message : String(error);
    throw new KairankError('KAIRANK_IO', `${join(folder, id)}: ${message}`, { field: folder, cause: error });
  }
  return { bundle: id, checksum: sha256(manifest), trainedAt: now.toISOString() };
}

/** Removes every bundle but those named, and what is left of runs that were cut short: drafts and checkpoints. */
export async function pruneBundles(folder: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!kept.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function corrupt(file: string, what: string, cause?: unknown): never {
  throw new KairankError('KAIRANK_CORRUPT_FILE', `${file}: ${what}`, { field: file, received: what, cause });
}

async function readAll(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    return corrupt(path, 'a file of the current models cannot be read', error);
  }
}

function parseManifest(bytes: Buffer, path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof value !== 'object' || value === null) corrupt(path, 'not a manifest');
  const manifest = value as Record<string, unknown>;
  if (manifest.format !== FORMAT || manifest.version !== FORMAT_VERSION) {
    throw new KairankError('KAIRANK_UNSUPPORTED_FORMAT', `${path}: expected ${FORMAT} version ${FORMAT_VERSION}`, { field: path });
  }
  return manifest;
}

/** A report as an older version may have written it: without what it did not measure. */
type StoredReport = Omit<TrainReport, 'next' | 'content'> & {
  next?: TrainReport['next'];
  content: (Omit<LearnedContent, keyof Coverage> & Partial<Coverage>) | null;
};

function completed({ next = null, content, ...report }: StoredReport): TrainReport {
  return {
    ...report,
    next,
    content: content && { ...content, coverage: content.coverage ?? null, undescribed: content.undescribed ?? null },
  };
}

/**
 * Reads a bundle and checks all of it: checksums, names, shapes and ranges.
 * @throws KairankError KAIRANK_CORRUPT_FILE, KAIRANK_UNSUPPORTED_FORMAT naming the file
 */
export async function readBundle(folder: string, { bundle, checksum }: BundleReference): Promise<Bundle> {
  const manifestPath = join(folder, bundle, MANIFEST);
  const bytes = await readAll(manifestPath);
  if (sha256(bytes) !== checksum) corrupt(manifestPath, 'the manifest is not the one that was written');
  const manifest = parseManifest(bytes, manifestPath);
  const weightsPath = join(folder, bundle, WEIGHTS);
  const weights = await readAll(weightsPath);
  // The manifest's checksum held: it is what writeBundle wrote.
  const {
    report,
    trainedAt,
    // Bundles of before there was such a model have none.
    next = null,
    weights: expected,
  } = manifest as unknown as {
    report: StoredReport;
    trainedAt: string;
    next?: NextEventModel | null;
    weights: { bytes: number; sha256: string };
  };
  if (weights.length !== expected.bytes) corrupt(weightsPath, `expected ${expected.bytes} bytes, got ${weights.length}`);
  if (sha256(weights) !== expected.sha256) corrupt(weightsPath, 'the checksum of the weights is wrong');
  const arrays: ReadonlyMap<string, Tensor> = readSafetensors(weights, weightsPath).tensors;
  return {
    id: bundle,
    trainedAt,
    report: completed(report),
    next,
    tensors: readTensors(arrays, manifest.settings, weightsPath),
  };
}
