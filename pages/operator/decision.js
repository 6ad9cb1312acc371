import { getJson, withQuery } from './api.js';
import { outcomeElement, principalText } from './decision-row.js';
import { checkList, remedyCard } from './check-list.js';
import { definitions, element, timeElement } from './dom.js';

/** One decision: its checks, the first that failed, and the remedy. */
export async function showDecision(content, { id, signal }) {
  const [decision, { hash }] = await Promise.all([
    getJson(`decisions/${encodeURIComponent(id)}`, { signal }),
    getJson('policy', { signal }),
  ]);
  const { outcome, code, remedy, failed_check: failed, checks } = decision;
  content.append(
    element('p', { class: 'verdict' }, outcomeElement(outcome), code && `: ${code}`),
    ...(failed
      ? [element('p', {}, 'The first failed check: ', element('strong', {}, failed))]
      : []),
    ...remedyCard(remedy),
    element('h2', {}, 'Checks'),
    checkList(checks, failed),
    element('h2', {}, 'Request'),
    detailsOf(decision, hash),
    element('h2', {}, 'Related'),
    element('ul', {}, relatedLinks(decision)),
  );
}

function detailsOf(decision, hash) {
  const { origin, policy, signals } = decision;
  return definitions({
    Decision: decision.decision_id,
    Time: timeElement(decision.at),
    Action: decision.action,
    Channel: decision.channel,
    Pattern: decision.family,
    Socket: decision.socket_id,
    Principal: principalText(decision),
    Tenant: decision.tenant_id,
    Policy: policy && `${policy} (${policy === hash ? 'in use' : `now in use: ${hash}`})`,
    'Security events': signals.length > 0 ? signals.join(', ') : undefined,
    Request: origin.request_id,
    Address: origin.address,
    'User agent': origin.user_agent,
  });
}

function relatedLinks(decision) {
  const { principal, channel, failed_check: check, tenant_id: tenant } = decision;
  const search = (text, filters) => [text, withQuery('#decisions', filters)];
  const links = [
    principal?.id && search('Decisions on this principal', { principal: principal.id }),
    channel && search('Decisions on this channel', { channel }),
    check && search('Refusals by this check', { check }),
    channel && ['Explain this channel now', withQuery('#explain', { channel, tenant })],
    channel && ['Try an expression', withQuery('#try', { decision: decision.decision_id })],
  ];
  return links
    .filter(Boolean)
    .map(([text, href]) => element('li', {}, element('a', { href }, text)));
}
