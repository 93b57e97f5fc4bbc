/** A small writer of line charts: recall against queries per second. */

export interface Series {
  name: string;
  /** Joined by a line in this order; one alone is a mark. */
  points: readonly { recall: number; qps: number }[];
}

export interface Chart {
  title: string;
  /** Lines under the chart: machine, versions. */
  caption: readonly string[];
  series: readonly Series[];
}

const [WIDTH, HEIGHT] = [880, 560];
const [LEFT, RIGHT, TOP, BOTTOM] = [80, 190, 56, 124];
const COLOURS = ['#0b6e4f', '#c1440e', '#3b5ba5', '#8a4fa3', '#7a6a00', '#444444'];
const RECALL_TICKS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
const LOWEST_RECALL = 0.5;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Stretches recall towards 1, where the difference between .98 and .99 is twice the work, and still has a place for 1 itself. */
function stretched(recall: number): number {
  return -Math.log10(1 - recall + 0.002);
}

function xOf(recall: number): number {
  const share = (stretched(recall) - stretched(LOWEST_RECALL)) / (stretched(1) - stretched(LOWEST_RECALL));
  return LEFT + share * (WIDTH - LEFT - RIGHT);
}

/** 1, 2, 5, 10, ... around the values. */
function decades(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of [1, 2, 5]) ticks.push(step * 10 ** power);
  }
  const from = ticks.findLastIndex((tick) => tick <= low);
  const to = ticks.findIndex((tick) => tick >= high);
  return ticks.slice(Math.max(0, from), to < 0 ? undefined : to + 1);
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', size: number, content: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}"${more}>${escaped(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

/** The chart as one SVG document; points of less than half the recall are left out. */
export function recallChart({ title, caption, series }: Chart): string {
  const shown = series
    .map(({ name, points }) => ({ name, points: points.filter(({ recall }) => recall >= LOWEST_RECALL) }))
    .filter(({ points }) => points.length > 0);
  const speeds = shown.flatMap(({ points }) => points.map(({ qps }) => qps));
  const ticks = decades(Math.min(...speeds), Math.max(...speeds));
  const [low = 1, high = 10] = [ticks[0], ticks.at(-1)];
  const floor = HEIGHT - BOTTOM;
  const yOf = (qps: number): number => floor - (Math.log(qps / low) / Math.log(high / low || 10)) * (floor - TOP);

  const grid = [
    ...RECALL_TICKS.flatMap((tick) => [line(xOf(tick), TOP, xOf(tick), floor), text(xOf(tick), floor + 18, 'middle', 12, String(tick))]),
    ...ticks.flatMap((tick) => [
      line(LEFT, yOf(tick), WIDTH - RIGHT, yOf(tick)),
      text(LEFT - 8, yOf(tick) + 4, 'end', 12, tick.toLocaleString('en')),
    ]),
  ];
  const labels = spread(shown.map(({ points }) => yOf(points.at(-1)?.qps ?? low)));
  const curves = shown.flatMap(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? '#000';
    const places = points.map(({ recall, qps }): [number, number] => [xOf(recall), yOf(qps)]);
    const path = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
    const [endX, endY] = places.at(-1) ?? [LEFT, floor];
    const labelY = labels[i] ?? endY;
    const labelX = WIDTH - RIGHT + 14;
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...places.map(([x, y]) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.2" fill="${colour}"/>`),
      `<line x1="${(endX + 5).toFixed(1)}" y1="${endY.toFixed(1)}" x2="${labelX - 3}" y2="${labelY.toFixed(1)}" stroke="${colour}" stroke-dasharray="2 3"/>`,
      text(labelX, labelY + 4, 'start', 13, name, ` fill="${colour}" font-weight="600"`),
    ];
  });
  const middle = (TOP + floor) / 2;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" fill="#222" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 30, 'start', 17, title, ' font-weight="600"'),
    ...grid,
    ...curves,
    text((LEFT + WIDTH - RIGHT) / 2, floor + 42, 'middle', 13, 'recall@10 (stretched towards 1)'),
    text(20, middle, 'middle', 13, 'queries per second, one thread (log)', ` transform="rotate(-90 20 ${middle})"`),
    ...caption.map((content, i) => text(LEFT, floor + 68 + i * 16, 'start', 11, content, ' fill="#555"')),
    '</svg>',
  ].join('\n')}\n`;
}

/** Moves labels apart that would cover one another. */
function spread(wanted: readonly number[]): number[] {
  const gap = 18;
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let free = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    const y = Math.max(wanted[i] ?? 0, free);
    placed[i] = y;
    free = y + gap;
  }
  return placed;
}
