/** JSONL: one JSON object a line. */

import { readLines } from './lines.js';
import { broken, type Fields, type FileRecord, type ReadOptions, type RecordFile } from './records.js';

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseLine(at: number, text: string): FileRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken(at, 'not JSON', text);
  }
  return isFields(value) ? { at, fields: value } : broken(at, 'not a JSON object', text);
}

/** Reads a JSONL file; empty lines are skipped, broken ones reported. See {@link RecordFile} for errors. */
export function readJsonl(path: string, gzip: boolean, options: ReadOptions = {}): RecordFile {
  const lines = readLines(path, gzip, options.signal);
  async function* batches(): AsyncGenerator<FileRecord[], void, void> {
    for await (const batch of lines.batches()) {
      const records: FileRecord[] = [];
      for (const { at, text, problem } of batch) {
        if (problem) records.push(broken(at, problem, text));
        else if (text.trim() !== '') records.push(parseLine(at, text));
      }
      if (records.length > 0) yield records;
    }
  }
  return { path, format: 'jsonl', columns: undefined, progress: lines.progress, batches };
}
