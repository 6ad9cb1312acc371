/**
 * Builds an element. Children are elements or texts, and a text is never parsed as markup. An attribute with a function
 * is the listener of that event; `true` is an attribute without a value; `false` and `undefined` are left out.
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** As `element`, in SVG. */
export function svgElement(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill(built, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') built.addEventListener(name, value);
    else if (value === true) built.setAttribute(name, '');
    else if (value !== false && value !== undefined) built.setAttribute(name, value);
  }
  built.append(...children.flat().filter((child) => child !== undefined));
  return built;
}

/** A time that was given as RFC 3339, in the zone of the reader. */
export function timeElement(at) {
  return element('time', { datetime: at, title: at }, formatTime(at));
}

function formatTime(at) {
  const time = new Date(at);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** A list of names and values; a value that is `undefined` is left out. */
export function definitions(entries) {
  const known = Object.entries(entries).filter(([, value]) => value !== undefined);
  return element(
    'dl',
    {},
    known.map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, value)),
    ),
  );
}

/** An input of one line without suggestions. */
export function textInput(value = '') {
  const input = element('input', { autocomplete: 'off', spellcheck: 'false' });
  input.value = value;
  return input;
}

/** A text of several lines, as of a program. */
export function textArea(rows, value = '') {
  const area = element('textarea', {
    rows: String(rows),
    autocomplete: 'off',
    spellcheck: 'false',
  });
  area.value = value;
  return area;
}

let lastId = 0;

/** A label and its control. `control` is an input, a select or a textarea. */
export function field(label, control, hint) {
  const id = `field-${(lastId += 1)}`;
  control.id = id;
  if (hint !== undefined) control.setAttribute('aria-describedby', `${id}-hint`);
  return element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    control,
    hint === undefined ? undefined : element('p', { id: `${id}-hint`, class: 'note' }, hint),
  );
}

/** A select; each option is a value and its text. */
export function select(options, selected = '') {
  return element(
    'select',
    {},
    options.map(([value, text]) =>
      element('option', { value, selected: value === selected }, text),
    ),
  );
}

/**
 * A table with a caption for screen readers. On a narrow page CSS shows each row as a list with the names of the columns;
 * without the roles, browsers would then take it for no table.
 */
export function table(caption, columns, rows = []) {
  const head = columns.map((name) => element('th', { role: 'columnheader', scope: 'col' }, name));
  return element(
    'table',
    { role: 'table' },
    element('caption', { class: 'for-screen-readers' }, caption),
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, head)),
    element('tbody', { role: 'rowgroup' }, rows),
  );
}

/** A row of a table; a cell is an element, a text, or `undefined` for none. */
export function row(columns, cells, attributes = {}) {
  return element(
    'tr',
    { role: 'row', ...attributes },
    columns.map((name, i) => element('td', { role: 'cell', 'data-column': name }, cells[i])),
  );
}
