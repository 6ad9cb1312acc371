/** One bar: its value, with the minimum and maximum of all rounds. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly isOurs: boolean;
}

/** One line of a chart; `x` is drawn on a logarithmic scale. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const width = 760;

/** Colours for light and dark pages. A viewer without the media query uses the light ones. */
const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .axis { stroke: #8c959f; }
  .ours, .line0 { fill: #1a7f5a; stroke: #1a7f5a; }
  .other, .line1 { fill: #8c959f; stroke: #8c959f; }
  .line2 { fill: #b35900; stroke: #b35900; }
  .line3 { fill: #0969da; stroke: #0969da; }
  .line4 { fill: #8250df; stroke: #8250df; }
  .spread { stroke: #24292f; }
  polyline { fill: none !important; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ours, .line0 { fill: #3fb883; stroke: #3fb883; }
    .line2 { fill: #f0883e; stroke: #f0883e; }
    .line3 { fill: #58a6ff; stroke: #58a6ff; }
    .line4 { fill: #bc8cff; stroke: #bc8cff; }
    .spread { stroke: #e6edf3; }
  }
</style>`;

/** Draws horizontal bars, each with its range, and a reference line at 1. Returns SVG. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const [left, right, top, step] = [250, 70, 44, 30];
  const axisEnd = Math.max(1, ...bars.map((bar) => bar.max));
  const x = (value: number) => left + (value / axisEnd) * (width - left - right);
  const rows = bars.map(({ name, value, min, max, isOurs }, row) => {
    const y = top + row * step;
    return [
      text([left - 8, y + 14], name, 'end'),
      `<rect class="${isOurs ? 'ours' : 'other'}" x="${left}" y="${y}" width="${fixed(x(value) - left)}" height="19" rx="2"/>`,
      segment('spread', [x(min), y + 9.5], [x(max), y + 9.5]),
      text([x(Math.max(value, max)) + 6, y + 14], `${value.toFixed(2)}×`),
    ].join('\n');
  });
  const bottom = top + bars.length * step;
  const one = segment('axis', [x(1), top - 8], [x(1), bottom]);
  return svg(title, bottom + 12, [...rows, one]);
}

/** Draws lines over a logarithmic x axis. Returns SVG. */
export function lineChart(title: string, xLabel: string, lines: readonly Line[]): string {
  const [left, right, top, height] = [50, 190, 44, 220];
  const points = lines.flatMap((line) => line.points);
  const largest = Math.log10(Math.max(10, ...points.map((point) => point.x)));
  const highest = Math.max(2, ...points.map((point) => point.y));
  const x = (value: number) => left + (Math.log10(value) / largest) * (width - left - right);
  const y = (value: number) => top + height - (value / highest) * height;
  const drawn = lines.map((line, index) => {
    const path = line.points.map((point) => `${fixed(x(point.x))},${fixed(y(point.y))}`);
    const dots = path
      .map((at) => at.split(','))
      .map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3"/>`);
    return [
      `<g class="line${index % 5}"><polyline points="${path.join(' ')}"/>${dots.join('')}`,
      `<rect x="${width - right + 14}" y="${top + index * 22}" width="10" height="10"/></g>`,
      text([width - right + 30, top + index * 22 + 10], line.name),
    ].join('\n');
  });
  const decades = Array.from({ length: Math.floor(largest) + 1 }, (_, power) =>
    text([x(10 ** power), top + height + 18], (10 ** power).toLocaleString('en'), 'middle'),
  );
  const heights = Array.from({ length: Math.floor(highest) + 1 }, (_, value) =>
    text([left - 8, y(value) + 4], String(value), 'end'),
  );
  const axis = segment('axis', [left, y(0)], [width - right, y(0)]);
  const label = text([(left + width - right) / 2, top + height + 40], xLabel, 'middle');
  return svg(title, top + height + 52, [...drawn, ...decades, ...heights, axis, label]);
}

type Place = readonly [number, number];

function text([x, y]: Place, words: string, anchor = 'start'): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escape(words)}</text>`;
}

function segment(kind: string, [x1, y1]: Place, [x2, y2]: Place): string {
  return `<line class="${kind}" x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}"/>`;
}

function svg(title: string, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
${style}
<text class="title" x="12" y="22">${escape(title)}</text>
${parts.join('\n')}
</svg>
`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
