import { getJson, postJson } from './api.js';
import { element, field, textInput } from './dom.js';
import { formResult } from './form-result.js';

/** Revokes credentials, if changes are allowed, and shows what that does and does not end. */
export async function showRevoke(content, { query, signal, fail, allowChanges }) {
  const names = await subjectFields(signal);
  const inputs = Object.fromEntries(names.map((name) => [name, textInput(query.get(name) ?? '')]));
  const before = element('input', { type: 'datetime-local', step: '1' });
  const revoke = element('button', {}, 'Revoke');
  const needed = element('p', { class: 'note' }, 'To revoke, select “Allow changes” at the top.');
  const update = () => {
    revoke.disabled = !allowChanges.checked;
    needed.hidden = allowChanges.checked;
  };
  update();
  allowChanges.addEventListener('change', update, { signal });
  const revokeSubject = async () => {
    const given = Object.entries(inputs).map(([name, { value }]) => [name, value.trim()]);
    const body = Object.fromEntries(given.filter(([, value]) => value !== ''));
    if (before.value !== '') body.issued_before = new Date(before.value).toISOString();
    return resultOf(await postJson('revocations', body, signal));
  };
  const form = formResult('Revoking', revokeSubject, fail);
  const submit = (event) => {
    if (allowChanges.checked) void form.submit(event);
    else event.preventDefault();
  };
  content.append(
    element(
      'p',
      {},
      'Revokes the credentials of one subject that were issued before a time. A revocation cannot be taken back.',
    ),
    element(
      'form',
      { class: 'card', submit },
      element(
        'div',
        { class: 'fields' },
        names.map((name) => field(name, inputs[name])),
        field('Issued before', before, 'Without it: now'),
      ),
      revoke,
      needed,
    ),
    form.result,
  );
}

/** The fields of the body: a policy can add its own. */
async function subjectFields(signal) {
  const { paths } = await getJson('docs', { signal });
  const { schema } = paths['/revocations'].post.requestBody.content['application/json'];
  return Object.keys(schema.properties).filter((name) => name !== 'issued_before');
}

function resultOf({ revoked, issued_before: before, effects }) {
  const subject = Object.entries(revoked).map(([name, value]) => `${name} ${value}`);
  return [
    element('h2', {}, `Revoked: ${subject.join(', ')}, issued before ${before}`),
    element(
      'ul',
      {},
      effects.map((each) => element('li', {}, effectText(each))),
    ),
  ];
}

/** What an effect means. The connections that stay open are as important as the others. */
function effectText({ effect, server, users, connections, which, why }) {
  const texts = {
    'new-authorizations-refused': 'Every replica refuses new authorizations.',
    'tickets-refused': 'Tickets that were issued before are refused.',
    'websockets-closed': `${connections} WebSockets of this replica were closed; the others close theirs.`,
    'pusher-connections-ended': `${server} has ended the connections of ${users} users.`,
    'pusher-connections-pending': `${server} has not yet ended the connections of ${users} users. Usher tries again.`,
    'pusher-connections-not-ended': `${server} did not end the connections of ${users} users: ${why}. Usher does not try again.`,
    'pusher-connections-stay': `Connections stay open at ${server}: ${which}${why ? `, ${why}` : ''}.`,
  };
  return texts[effect] ?? effect;
}
