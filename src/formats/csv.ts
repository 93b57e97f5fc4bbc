/**
 * CSV with a header (RFC 4180, and the mess around it): the delimiter is sniffed, quoted fields may span lines, and one broken
 * record costs that record alone.
 *
 * Lines are framed here, so that reading finds its feet again on the line after a quote that is never closed (a parser that is
 * handed the whole stream swallows the rest of the file); records that hold quotes are then parsed by csv-parse.
 */

import { parse } from 'csv-parse/sync';
import { fileError } from './failures.js';
import { type Line, readLines } from './lines.js';
import { broken, emptyFields, type FileRecord, type ReadOptions, type RecordFile } from './records.js';

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A quoted field may span this much; beyond it the opening quote is taken for a mistake. */
const MAX_SPAN_LINES = 200;
const MAX_SPAN_CHARACTERS = 1 << 16;

/** The delimiter that cuts the header line into most fields. */
export function sniffDelimiter(header: string): string {
  let best: string = ',';
  let most = 1;
  for (const delimiter of DELIMITERS) {
    const count = header.split(delimiter).length;
    if (count > most) {
      best = delimiter;
      most = count;
    }
  }
  return best;
}

/** Whether a line ends inside a quoted field. A quote opens a field only at its beginning; doubled, it stands for itself. */
function endsInQuotes(line: string, delimiter: string, beginsInQuotes: boolean): boolean {
  let inside = beginsInQuotes;
  let position = 0;
  for (;;) {
    if (inside) {
      let close = line.indexOf('"', position);
      while (close >= 0 && line[close + 1] === '"') close = line.indexOf('"', close + 2);
      if (close < 0) return true;
      inside = false;
      position = close + 1;
    }
    const open = line.indexOf('"', position);
    if (open < 0) return false;
    inside = open === 0 || line[open - 1] === delimiter;
    position = open + 1;
  }
}

/** A record framed but not yet cut into fields. */
interface Framed {
  at: number;
  /** The lines of the file that it spans. */
  lines: readonly Line[];
  text: string;
}

interface Parsed {
  record: string[];
  info: { lines: number };
}

function isParsed(value: unknown): value is Parsed {
  if (typeof value !== 'object' || value === null || !('record' in value) || !('info' in value)) return false;
  const { record, info } = value;
  if (!Array.isArray(record) || typeof info !== 'object' || info === null || !('lines' in info)) return false;
  return typeof info.lines === 'number' && record.every((field) => typeof field === 'string');
}

/** Many records in one call of csv-parse (which costs more than its work on one); undefined when any of them does not fit its frame. */
function parseTogether(framed: readonly Framed[], delimiter: string): string[][] | undefined {
  try {
    const text = framed.map((record) => record.text).join('\n');
    const options = { delimiter, relax_quotes: true, relax_column_count: true, record_delimiter: '\n', info: true };
    const parsed: unknown = parse(text, options);
    if (!Array.isArray(parsed) || parsed.length !== framed.length) return undefined;
    const fields: string[][] = [];
    let lines = 0;
    for (const [index, value] of parsed.entries()) {
      lines += framed[index]?.lines.length ?? 0;
      if (!isParsed(value) || value.info.lines !== lines) return undefined;
      fields.push(value.record);
    }
    return fields;
  } catch {
    return undefined;
  }
}

/** Frames records and cuts them into fields, in the order of the file. */
class CsvFramer {
  /** Lines of a record whose quote is still open. */
  private open: Line[] = [];
  private openCharacters = 0;
  private readonly framed: (Framed | FileRecord)[] = [];

  constructor(
    private readonly delimiter: string,
    private readonly onHeader: (names: string[]) => void,
    private header?: string[],
  ) {}

  line(line: Line): void {
    if (line.problem) {
      this.giveUpOpen();
      this.framed.push(broken(line.at, line.problem, line.text));
      return;
    }
    const continues = this.open.length > 0;
    if (!continues && line.text.trim() === '') return;
    // Nearly every line has no quotes: the delimiter alone decides.
    const opens = line.text.includes('"') ? endsInQuotes(line.text, this.delimiter, continues) : continues;
    if (!continues && !opens) {
      this.framed.push({ at: line.at, lines: [line], text: line.text });
      return;
    }
    this.open.push(line);
    this.openCharacters += line.text.length + 1;
    if (!opens) {
      const text = this.open.map((part) => part.text).join('\n');
      this.framed.push({ at: this.open[0]?.at ?? line.at, lines: this.open, text });
      this.open = [];
      this.openCharacters = 0;
    } else if (this.open.length >= MAX_SPAN_LINES || this.openCharacters >= MAX_SPAN_CHARACTERS) {
      this.giveUpFirst();
    }
  }

  /** Nothing more comes that could close an open quote. */
  giveUpOpen(): void {
    while (this.open.length > 0) this.giveUpFirst();
  }

  /** The quote of the first open line was a mistake: that line is broken, and those after it are read again. */
  private giveUpFirst(): void {
    const [first, ...rest] = this.open;
    this.open = [];
    this.openCharacters = 0;
    if (first) this.framed.push(broken(first.at, 'quote not closed', first.text));
    for (const line of rest) this.line(line);
  }

  /** The records framed so far. */
  take(): FileRecord[] {
    const quoted: Framed[] = [];
    for (const entry of this.framed) if ('lines' in entry && entry.text.includes('"')) quoted.push(entry);
    const together = quoted.length > 0 ? parseTogether(quoted, this.delimiter) : [];
    let next = 0;
    const records: FileRecord[] = [];
    for (const entry of this.framed) {
      if (!('lines' in entry)) {
        records.push(entry);
        continue;
      }
      let fields: string[] | undefined;
      if (!entry.text.includes('"')) fields = entry.text.split(this.delimiter);
      else fields = together ? together[next++] : parseTogether([entry], this.delimiter)?.[0];
      this.finish(entry, fields, records);
    }
    this.framed.length = 0;
    return records;
  }

  private finish(entry: Framed, values: string[] | undefined, records: FileRecord[]): void {
    if (values !== undefined && this.header === undefined) {
      this.header = values.map((name) => name.trim());
      this.onHeader(this.header);
    } else if (values !== undefined && values.length === this.header?.length) {
      const fields = emptyFields();
      for (const [index, name] of this.header.entries()) fields[name] = values[index];
      records.push({ at: entry.at, fields });
    } else if (entry.lines.length > 1) {
      // Lines that do not make one record were joined by a stray quote: only the line that holds it is broken.
      const [first, ...rest] = entry.lines;
      if (first) records.push(broken(first.at, 'quote not closed', first.text));
      const again = new CsvFramer(this.delimiter, this.onHeader, this.header);
      for (const line of rest) again.line(line);
      again.giveUpOpen();
      records.push(...again.take());
    } else {
      records.push(broken(entry.at, values === undefined ? 'quotes do not match' : 'wrong number of fields', entry.text));
    }
  }
}

function checkHeader(path: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw fileError('KAIRANK_CORRUPT_FILE', path, `names the column ${JSON.stringify(name)} twice`, {
        expected: 'a header of distinct names',
      });
    }
    seen.add(name);
  }
}

/**
 * Reads a CSV file; empty lines are skipped, broken records reported. Every value is a string, as it stands.
 * @param head the beginning of the file, for the delimiter and the names of the columns.
 * @throws KairankError KAIRANK_CORRUPT_FILE for a header that names a column twice; see {@link RecordFile} for the rest.
 */
export function readCsv(path: string, gzip: boolean, head: string, options: ReadOptions = {}): RecordFile {
  const headerLine = /^[^\r\n]*/.exec(head.trimStart())?.[0] ?? '';
  const delimiter = sniffDelimiter(headerLine);
  const columns = parseTogether([{ at: 1, lines: [{ at: 1, text: headerLine }], text: headerLine }], delimiter)?.[0]?.map((name) =>
    name.trim(),
  );
  const lines = readLines(path, gzip, options.signal);
  async function* batches(): AsyncGenerator<FileRecord[], void, void> {
    const framer = new CsvFramer(delimiter, (names) => checkHeader(path, names));
    for await (const batch of lines.batches()) {
      for (const line of batch) framer.line(line);
      const records = framer.take();
      if (records.length > 0) yield records;
    }
    framer.giveUpOpen();
    const records = framer.take();
    if (records.length > 0) yield records;
  }
  return { path, format: 'csv', columns, progress: lines.progress, batches };
}
