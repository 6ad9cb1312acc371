import { getJson, withQuery } from './api.js';
import { readEvents } from './event-stream.js';

/** The most decisions that a page of the API has. */
const pageLimit = 200;

/** A decision is in the stream up to this long after its time. */
const latenessMs = 10_000;

const delaysMs = [1_000, 2_000, 5_000, 10_000];

/**
 * Calls `onDecisions` with new decisions, oldest first, until the signal is aborted. After an interruption it also reads
 * the decisions since the last one, so one may come twice. `onState` gets a text for the reader.
 */
export async function followDecisions(filters, { signal, onDecisions, onState }) {
  let last;
  let failures = 0;
  const take = (decisions) => {
    if (decisions.length === 0) return;
    last = decisions.at(-1);
    onDecisions(decisions);
  };
  while (!signal.aborted) {
    try {
      for await (const events of readEvents(withQuery('decisions/stream', filters), signal)) {
        if (events.length === 0 && last !== undefined && failures > 0) {
          take(await readSince(last, filters, signal));
        }
        failures = 0;
        onState(stateOf(events));
        take(events.filter(({ name }) => name === 'decision').map(({ data }) => data));
      }
    } catch (error) {
      if (signal.aborted) return;
      // A wrong filter or token does not get better.
      if (error.status >= 400 && error.status < 429) throw error;
    }
    failures += 1;
    onState('The stream was interrupted; it is opened again');
    await delay(delaysMs[Math.min(failures, delaysMs.length) - 1], signal);
  }
}

async function readSince({ at }, filters, signal) {
  const from = new Date(Date.parse(at) - latenessMs).toISOString();
  const query = { ...filters, from, limit: pageLimit };
  const { decisions } = await getJson(withQuery('decisions', query), { signal });
  return decisions.reverse();
}

function stateOf(events) {
  const names = events.map(({ name }) => name);
  if (names.includes('unavailable')) return 'The audit log cannot be read at present';
  if (names.includes('gap')) return 'More decisions than the stream sends: some are missing here';
  return 'Following';
}

function delay(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
