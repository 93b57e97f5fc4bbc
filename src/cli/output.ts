/** What commands print on stdout. */

/** One JSON object, or lines for people. */
export function print(json: boolean, value: object, lines: () => readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${lines().join('\n')}\n`);
}

/** Display width: characters of East Asian scripts and emoji take two columns, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const code = segment.codePointAt(0) ?? 0;
    const wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3);
    width += wide || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xff60) || code >= 0x1f300 ? 2 : 1;
  }
  return width;
}

/** A text cut to a width, with an ellipsis where it was longer. */
export function fitTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (displayWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const gap = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? text + gap : gap + text;
}

/** Lines of a table: columns as wide as their widest cell, numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[], options: { indent?: number } = {}): string[] {
  const cells = rows.map((row) => row.map(String));
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(0, ...cells.map((row) => displayWidth(row[column] ?? ''))));
  return cells.map((row, index) => {
    const line = widths.map((width, column) => pad(row[column] ?? '', width, typeof rows[index]?.[column] === 'number' ? 'right' : 'left'));
    return `${' '.repeat(options.indent ?? 0)}${line.join('  ')}`.trimEnd();
  });
}

export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** A number with its noun: "1 item", "2,000 items". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A figure of a report: six digits are enough, and JSON has no NaN. */
export function rounded(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : null;
}
