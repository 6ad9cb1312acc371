import { element, svgElement } from './dom.js';

const size = { width: 600, height: 160, left: 44, bottom: 20 };
const plot = { width: size.width - size.left, height: size.height - size.bottom };

/**
 * A chart of minutes. `series` are lines or stacked bars: a name, the class of its color, and a function that returns the
 * value of a minute, `undefined` for none. The figures are also in a table.
 */
export function minuteChart(title, minutes, { series, kind, unit = '' }) {
  const totals = minutes.map((minute) => {
    const values = series.map(({ value }) => value(minute) ?? 0);
    return kind === 'bars' ? values.reduce((sum, each) => sum + each, 0) : Math.max(...values);
  });
  const max = Math.max(1, ...totals);
  const draw = kind === 'bars' ? bars : lines;
  return element(
    'figure',
    { class: 'card' },
    element('figcaption', {}, title),
    svgElement(
      'svg',
      { viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': title },
      axis(minutes, max, unit),
      draw(minutes, series, max),
    ),
    element(
      'p',
      { class: 'legend' },
      series.map(({ name, color }) => element('span', { class: color }, name)),
    ),
  );
}

const x = (i, count) => size.left + (i * plot.width) / count;
const y = (value, max) => plot.height * (1 - value / max) + 4;

function axis(minutes, max, unit) {
  const label = (text, at) => svgElement('text', { class: 'axis', ...at }, text);
  const timeOf = ({ at }) =>
    new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const format = (value) => `${Number(value.toPrecision(2))}${unit}`;
  return [
    ...[0, max / 2, max].map((value) =>
      svgElement('line', {
        class: 'grid',
        x1: size.left,
        x2: size.width,
        y1: y(value, max),
        y2: y(value, max),
      }),
    ),
    label(format(max), { x: 0, y: y(max, max) + 10 }),
    label(format(max / 2), { x: 0, y: y(max / 2, max) + 4 }),
    label(timeOf(minutes[0]), { x: size.left, y: size.height }),
    label(timeOf(minutes.at(-1)), { x: size.width, y: size.height, 'text-anchor': 'end' }),
  ];
}

function bars(minutes, series, max) {
  return minutes.flatMap((minute, i) => {
    let below = 0;
    return series.flatMap(({ color, value }) => {
      const [from, to] = [below, (below += value(minute) ?? 0)];
      if (from === to) return [];
      const at = { x: x(i, minutes.length), y: y(to, max) };
      const width = plot.width / minutes.length - 1;
      return [
        svgElement('rect', { class: color, ...at, width, height: y(from, max) - y(to, max) }),
      ];
    });
  });
}

/** A minute without a value interrupts the line; one alone is a point. */
function lines(minutes, series, max) {
  return series.flatMap(({ color, value }) => {
    let isOpen = false;
    const path = minutes.map((minute, i) => {
      const current = value(minute);
      const command = isOpen ? 'L' : 'M';
      isOpen = current !== undefined;
      if (!isOpen) return '';
      return `${command}${x(i + 0.5, minutes.length)} ${y(current, max)}h0.1`;
    });
    return [svgElement('path', { class: color, d: path.join(''), fill: 'none' })];
  });
}
