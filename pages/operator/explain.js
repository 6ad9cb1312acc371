import { postJson } from './api.js';
import { checkList, remedyCard } from './check-list.js';
import { outcomeElement, principalText } from './decision-row.js';
import { definitions, element, field, textArea, textInput } from './dom.js';
import { formResult } from './form-result.js';
import { namesIn } from './names-in.js';

/** What Usher would decide now, for a token or a principal. Nothing is recorded. */
export function showExplain(content, { query, signal, fail }) {
  const inputs = { channel: textInput(), tenant: textInput(), kind: textInput(), id: textInput() };
  const roles = textInput();
  const token = textArea(3);
  for (const [name, input] of Object.entries(inputs)) input.value = query.get(name) ?? '';
  inputs.kind.value ||= 'user';
  const explain = async () => {
    const asked = bodyOf(inputs, roles.value, token.value.trim());
    return resultOf(await postJson('explain', asked, signal));
  };
  const { result, submit } = formResult('Evaluating', explain, fail);
  // The token must not stay in the document after the view was left.
  signal.addEventListener('abort', () => (token.value = ''));
  content.append(
    element(
      'form',
      { class: 'card', submit },
      element(
        'div',
        { class: 'fields' },
        field('Channel', inputs.channel),
        field('Tenant of the request', inputs.tenant, 'As in X-Tenant-ID'),
      ),
      field('Token', token, 'Paste the token or the session cookie of a visitor'),
      element(
        'fieldset',
        {},
        element('legend', {}, 'Or a principal without a token'),
        element(
          'div',
          { class: 'fields' },
          field('Kind', inputs.kind),
          field('Id', inputs.id),
          field('Roles', roles, 'Separated by commas'),
        ),
      ),
      element('button', {}, 'Explain'),
    ),
    result,
  );
}

function bodyOf({ channel, tenant, kind, id }, roles, token) {
  const tenantId = tenant.value.trim() || undefined;
  const asked = { channel: channel.value.trim(), tenant: tenantId };
  if (token !== '') return { ...asked, token };
  const principal = { kind: kind.value.trim(), id: id.value.trim(), tenant_id: tenantId };
  return { ...asked, principal: { ...principal, roles: namesIn(roles) } };
}

function resultOf(decision) {
  const {
    outcome,
    code,
    remedy,
    checks,
    failed_check: failed,
    application_decides: isOpen,
  } = decision;
  const verdict = isOpen
    ? 'The application would decide; Usher sent it no request. All other checks pass.'
    : outcomeElement(outcome);
  return [
    element('h2', {}, 'Now'),
    element('p', { class: 'verdict' }, verdict, code && !isOpen ? `: ${code}` : undefined),
    ...remedyCard(isOpen ? undefined : remedy),
    definitions({
      Principal: principalText(decision),
      Tenant: decision.tenant_id,
      Pattern: decision.family,
      Policy: decision.policy,
    }),
    checkList(checks, failed),
  ];
}
