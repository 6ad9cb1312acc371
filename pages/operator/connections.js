import { getJson, withQuery } from './api.js';
import { principalText } from './decision-row.js';
import { definitions, element, row, table, timeElement } from './dom.js';
import { trackedText } from './overview.js';

const columns = [
  ...['Since', 'Endpoint', 'Channel', 'Principal', 'Tenant', 'Expires', 'Revalidated', 'Revoke'],
];

/** The open WebSockets of the replica that responds, and the number of tracked Pusher connections. */
export async function showConnections(content, { signal }) {
  const { total, connections, tracked } = await getJson('connections', { signal });
  content.append(
    definitions({
      'Open WebSockets of this replica': String(total),
      Tracked: trackedText(tracked),
    }),
    table('Open WebSockets, newest first', columns, connections.map(connectionRow)),
    element('p', { class: 'note' }, `${connections.length} of ${total} are shown.`),
  );
}

function connectionRow(connection) {
  const { endpoint, channel, principal, tenant_id: tenant, since } = connection;
  const { expires_at: expires, rechecked_at: rechecked } = connection;
  const isUser = principal.kind === 'user';
  const subject = { user_id: principal.id, tenant_id: tenant };
  return row(columns, [
    ...[timeElement(since), endpoint, channel, principalText(connection), tenant],
    ...[expires, rechecked].map((at) => at && timeElement(at)),
    isUser ? element('a', { href: withQuery('#revoke', subject) }, 'Revoke') : undefined,
  ]);
}
