import { element, field, select, textInput } from './dom.js';

const outcomes = [
  ['', 'All'],
  ['grant', 'Granted'],
  ['refusal', 'Refused'],
];

const shown = { principal: 'Principal id', channel: 'Channel', check: 'Failed check' };
const more = {
  tenant: 'Tenant',
  kind: 'Kind of principal',
  family: 'Pattern of the channel',
  code: 'Code',
  action: 'Action',
  policy: 'Hash of the policy',
  address: 'Address',
  request: 'Request id',
};
const times = { from: 'From', to: 'Before' };

/** The form of the filters, and a function that returns their values. */
export function filterForm(query, onSearch) {
  const outcome = select(outcomes, query.get('outcome') ?? '');
  const texts = { ...shown, ...more };
  const inputs = Object.fromEntries(
    Object.keys(texts).map((name) => [name, textInput(query.get(name) ?? '')]),
  );
  const timeInputs = Object.fromEntries(Object.keys(times).map((name) => [name, timeInput()]));
  for (const [name, input] of Object.entries(timeInputs)) input.value = localTime(query.get(name));
  const fields = (labels, controls) =>
    Object.entries(labels).map(([name, label]) => field(label, controls[name]));
  const hidden = { ...more, ...times };
  const form = element(
    'form',
    {
      role: 'search',
      'aria-label': 'Decisions',
      class: 'card',
      submit: (event) => {
        event.preventDefault();
        onSearch();
      },
    },
    element('div', { class: 'fields' }, field('Outcome', outcome), fields(shown, inputs)),
    element(
      'details',
      { open: Object.keys(hidden).some((name) => query.has(name)) },
      element('summary', {}, 'More filters'),
      element('div', { class: 'fields' }, fields(more, inputs), fields(times, timeInputs)),
    ),
    element('button', {}, 'Search'),
  );
  const values = (controls, convert) =>
    Object.entries(controls).map(([name, { value }]) => [name, convert(value)]);
  const read = () =>
    Object.fromEntries([
      ['outcome', outcome.value],
      ...values(inputs, (value) => value.trim()),
      ...values(timeInputs, (value) => value && new Date(value).toISOString()),
    ]);
  return { form, read };
}

function timeInput() {
  return element('input', { type: 'datetime-local', step: '1' });
}

/** A time as the input needs it: in the zone of the reader, without the zone. */
function localTime(at) {
  const time = new Date(at ?? NaN);
  if (Number.isNaN(time.getTime())) return '';
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
