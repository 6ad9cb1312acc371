import { getJson, withQuery } from './api.js';
import { minuteChart } from './charts.js';
import { definitions, element, row, table, timeElement } from './dom.js';

const refreshMs = 15_000;

const outcomes = [
  { name: 'granted', color: 'grant', value: ({ granted }) => granted },
  { name: 'refused', color: 'refusal', value: ({ refused }) => refused },
  { name: 'unavailable', color: 'unavailable', value: ({ unavailable }) => unavailable },
];

const latencies = [
  { name: 'p50', color: 'grant', value: ({ latency_ms: ms }) => ms?.p50 },
  { name: 'p95', color: 'unavailable', value: ({ latency_ms: ms }) => ms?.p95 },
  { name: 'p99', color: 'refusal', value: ({ latency_ms: ms }) => ms?.p99 },
];

/** The last hour of the replica that responds. */
export async function showOverview(content, { signal, fail }) {
  const refresh = async () => {
    const statistics = await getJson('statistics', { signal });
    const isOpen = content.querySelector('details')?.open ?? false;
    content.replaceChildren(...parts(statistics, isOpen));
  };
  await refresh();
  const timer = setInterval(() => void refresh().catch(fail), refreshMs);
  signal.addEventListener('abort', () => clearInterval(timer));
}

function parts({ minutes, refusals, limits, web_sockets: webSockets, tracked }, isOpen) {
  const charts = { outcomes: 'Decisions per minute', latencies: 'Latency per minute' };
  return [
    element('p', { class: 'note' }, 'The last hour of the replica that responds.'),
    element(
      'div',
      { class: 'charts' },
      minuteChart(charts.outcomes, minutes, { series: outcomes, kind: 'bars' }),
      minuteChart(charts.latencies, minutes, { series: latencies, kind: 'lines', unit: ' ms' }),
    ),
    element(
      'details',
      { open: isOpen },
      element('summary', {}, 'The figures as a table'),
      minuteTable(minutes),
    ),
    element('h2', {}, 'Refusals by the first failed check'),
    element('ul', {}, refusals.map(refusalItem)),
    ...(limits.length === 0 ? [] : [element('h2', {}, 'Limits that were exceeded')]),
    element(
      'ul',
      {},
      limits.map(({ limit, count }) => element('li', {}, `${count} × ${limit}`)),
    ),
    element('h2', {}, 'Connections'),
    definitions({ 'Open WebSockets': String(webSockets), Tracked: trackedText(tracked) }),
  ];
}

function refusalItem({ check, count }) {
  const link = element('a', { href: withQuery('#decisions', { check }) }, check);
  return element('li', {}, `${count} × `, link);
}

/** The number of tracked Pusher connections of each app. */
export function trackedText(tracked) {
  if (tracked === undefined) return 'unknown: the database is unavailable';
  return tracked.map(({ app_key: key, count }) => `${key}: ${count}`).join(', ') || '0';
}

function minuteTable(minutes) {
  const columns = ['Minute', 'Granted', 'Refused', 'Unavailable', 'p50', 'p95', 'p99'];
  const busy = minutes.filter((each) => each.granted + each.refused + each.unavailable > 0);
  const rows = busy.reverse().map(({ at, granted, refused, unavailable, latency_ms: ms }) => {
    const times = [ms?.p50, ms?.p95, ms?.p99].map((each) => each && `${each.toFixed(1)} ms`);
    return row(columns, [timeElement(at), granted, refused, unavailable, ...times].map(cellOf));
  });
  return table('Decisions and latency by minute, newest first', columns, rows);
}

const cellOf = (value) => (typeof value === 'number' ? String(value) : value);
