import { hasToken, setToken } from './api.js';
import { element } from './dom.js';
import { startTheme } from './theme.js';
import { views } from './views.js';

const main = document.getElementById('main');
const allowChanges = document.getElementById('allow-changes');
const forget = document.getElementById('forget');

/** Aborted when the view is left: it ends its requests, timers and streams. */
let current = new AbortController();

startTheme(document.getElementById('theme'));
document.getElementById('views').append(...views.filter(({ link }) => link).map(linkTo));
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById('find').addEventListener('submit', (event) => {
  event.preventDefault();
  const id = document.getElementById('decision-id').value.trim();
  if (id !== '') location.hash = `#decision/${encodeURIComponent(id)}`;
});
forget.addEventListener('click', () => {
  setToken(undefined);
  void show();
});
addEventListener('hashchange', () => void show());
void show();

function linkTo({ name, title }) {
  return element('li', {}, element('a', { href: `#${name}` }, title));
}

/** `#name/id?query` */
function readLocation() {
  const [path, query = ''] = location.hash.slice(1).split('?', 2);
  const [name, id = ''] = path.split('/', 2);
  const view = views.find((each) => each.name === name) ?? views[0];
  return { view, id: decodeURIComponent(id), query: new URLSearchParams(query) };
}

async function show() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const { view, id, query } = readLocation();
  const heading = element('h1', { tabindex: '-1' }, view.title);
  const content = element('div', {});
  const fail = (error) => {
    if (signal.aborted) return;
    if (error.status === 401) askForToken(heading, content);
    else content.append(element('p', { role: 'alert' }, messageOf(error)));
  };
  document.title = `Usher: ${view.title}`;
  forget.hidden = !hasToken();
  for (const link of document.querySelectorAll('#views a')) {
    const isCurrent = link.hash === `#${view.parent ?? view.name}`;
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  main.replaceChildren(heading, content);
  heading.focus();
  if (document.documentElement.dataset.token === 'needed' && !hasToken()) {
    askForToken(heading, content);
    return;
  }
  try {
    await view.show(content, { id, query, signal, fail, allowChanges });
  } catch (error) {
    fail(error);
  }
}

function messageOf({ status, message }) {
  return status > 0 ? `${status}: ${message}` : message;
}

function askForToken(heading, content) {
  const wasRefused = hasToken();
  setToken(undefined);
  forget.hidden = true;
  heading.textContent = 'Operator’s token';
  const input = element('input', { type: 'password', id: 'token', autocomplete: 'off' });
  const submit = (event) => {
    event.preventDefault();
    setToken(input.value);
    void show();
  };
  content.replaceChildren(
    element(
      'form',
      { class: 'card', submit },
      wasRefused ? element('p', { role: 'alert' }, 'Usher refused this token.') : undefined,
      element('label', { for: 'token' }, 'OPS_TOKEN'),
      ' ',
      input,
      ' ',
      element('button', {}, 'Use'),
      element(
        'p',
        { class: 'note' },
        'The token stays in the memory of this page. A reload forgets it.',
      ),
    ),
  );
  input.focus();
}
