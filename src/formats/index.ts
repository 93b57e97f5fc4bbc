/** Files of records: what they are is found out from their content. */

import { readCsv } from './csv.js';
import { readJsonl } from './jsonl.js';
import { readParquet } from './parquet.js';
import type { ReadOptions, RecordFile } from './records.js';
import { sniff } from './sniff.js';

/**
 * Opens a file of records: JSONL, CSV (both plain or gzip), or Parquet, by its content.
 * @throws KairankError KAIRANK_CORRUPT_FILE when it is not what its name says, KAIRANK_UNSUPPORTED_FORMAT when it is nothing that
 * kairank reads, KAIRANK_IO when it is not there or cannot be read.
 */
export async function openRecords(path: string, options: ReadOptions = {}): Promise<RecordFile> {
  const { format, gzip, head } = await sniff(path);
  if (format === 'parquet') return readParquet(path, options);
  return format === 'jsonl' ? readJsonl(path, gzip, options) : readCsv(path, gzip, head, options);
}
