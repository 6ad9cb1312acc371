import { send } from './api.js';

/**
 * Yields the server-sent events of a response, as lists of those that arrived together. `EventSource` cannot send the
 * operator's token. Throws `RequestError`.
 */
export async function* readEvents(path, signal) {
  const response = await send(path, { signal, accept: 'text/event-stream' });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = '';
  yield [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (unread + value).split('\n\n');
    unread = parts.pop();
    yield parts.map(parseEvent).filter(({ name }) => name !== undefined);
  }
}

function parseEvent(text) {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  return { name: fields.event, data: fields.data && JSON.parse(fields.data) };
}
