import { getJson, withQuery } from './api.js';
import { decisionColumns, decisionRow } from './decision-row.js';
import { element, table } from './dom.js';
import { filterForm } from './filters.js';
import { followDecisions } from './follow-decisions.js';

/** The most rows of the table; older ones are removed. */
const maxRows = 200;

/** The live region changes at most this often, since a screen reader reads each change. */
const announceMs = 5_000;

/** Search, and new decisions as they are made. */
export async function showDecisions(content, { query, signal, fail }) {
  const status = element('p', { role: 'status' });
  const list = table('Decisions, newest first', decisionColumns);
  const older = element('button', { type: 'button', hidden: true }, 'Older decisions');
  const follow = element('input', { type: 'checkbox' });
  const { form, read } = filterForm(query, () => {
    const hash = withQuery('#decisions', read());
    // The same filters again search again.
    if (hash === location.hash) dispatchEvent(new Event('hashchange'));
    else location.hash = hash;
  });
  const following = element('label', {}, follow, ' Follow new decisions');
  content.append(form, element('div', { class: 'row' }, following, status), list, older);
  const rows = decisionRows(list.tBodies[0]);
  const filters = Object.fromEntries(query);

  const loadPage = async (after) => {
    status.textContent = 'Searching';
    const page = await getJson(withQuery('decisions', { ...filters, after }), { signal });
    rows.show(page.decisions);
    status.textContent = summary(page, after !== undefined);
    older.hidden = page.next === undefined;
    older.onclick = () => void loadPage(page.next).then(() => list.scrollIntoView(), fail);
  };
  let stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort());
  follow.addEventListener('change', () => {
    stop.abort();
    stop = new AbortController();
    status.textContent = follow.checked ? 'Opening the stream' : 'Stopped';
    if (!follow.checked) return;
    older.hidden = true;
    const announce = announcer(status);
    const deps = { signal: stop.signal, onState: announce.state };
    const onDecisions = (decisions) => announce.count(rows.prepend(decisions));
    void followDecisions(withoutTimes(filters), { ...deps, onDecisions }).catch((error) => {
      follow.checked = false;
      fail(error);
    });
  });
  await loadPage();
}

/** A stream has new decisions only. */
function withoutTimes(filters) {
  return Object.fromEntries(
    Object.entries(filters).filter(([name]) => name !== 'from' && name !== 'to'),
  );
}

function summary({ decisions, next }, isOlder) {
  const more = next === undefined ? '' : '; there may be older ones';
  return `${decisions.length} ${isOlder ? 'older ' : ''}decisions${more}`;
}

/** The rows of the table, newest first, at most `maxRows`. */
function decisionRows(body) {
  const shown = new Map();
  const rowOf = (decision) => {
    const row = decisionRow(decision);
    shown.set(decision.decision_id, row);
    return row;
  };
  return {
    show: (decisions) => {
      shown.clear();
      body.replaceChildren(...decisions.map(rowOf));
    },
    /** Adds decisions that are given oldest first. Returns the number of those that were not shown. */
    prepend: (decisions) => {
      const unseen = decisions.filter(({ decision_id: id }) => !shown.has(id));
      body.prepend(...unseen.slice(-maxRows).reverse().map(rowOf));
      while (body.rows.length > maxRows) {
        const last = body.rows[body.rows.length - 1];
        shown.delete(last.dataset.id);
        last.remove();
      }
      return unseen.length;
    },
  };
}

/** Shows the state and the number of new decisions, at most once in `announceMs`. */
function announcer(status) {
  let [state, count, last, timer] = ['', 0, 0, undefined];
  const write = () => {
    timer = undefined;
    last = Date.now();
    status.textContent = count === 0 ? state : `${state}: ${count} new`;
  };
  const schedule = () => {
    timer ??= setTimeout(write, Math.max(0, last + announceMs - Date.now()));
  };
  return {
    state: (text) => {
      state = text;
      schedule();
    },
    count: (added) => {
      count += added;
      schedule();
    },
  };
}
