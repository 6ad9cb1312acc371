import { postJson } from './api.js';
import { definitions, element, field, textArea, textInput } from './dom.js';
import { formResult } from './form-result.js';
import { namesIn } from './names-in.js';

/** The form of one expression, and its result. */
export function expressionForm({ query, signal, fail }) {
  const expression = textArea(3, 'user.id == params.userId');
  const decision = textInput(query.get('decision') ?? '');
  const channel = textInput(query.get('channel') ?? '');
  const principal = { kind: textInput(), id: textInput(), tenant: textInput() };
  const roles = textInput();
  const params = textArea(2);
  const facts = textArea(3);
  const evaluate = async () => {
    const asked = {
      expression: expression.value,
      decision: decision.value.trim() || undefined,
      channel: channel.value.trim() || undefined,
      principal: principalOf(principal, roles.value),
      params: jsonOf('Parameters', params.value),
      facts: jsonOf('Facts', facts.value),
    };
    return resultOf(await postJson('policy/expression', asked, signal), asked.expression);
  };
  const { result, submit } = formResult('Evaluating', evaluate, fail);
  const form = element(
    'form',
    { class: 'card', submit },
    field('Expression', expression, 'In CEL, with the names and types of the policy in use'),
    element(
      'div',
      { class: 'fields' },
      field(
        'Recorded decision',
        decision,
        'Its id: the expression reads its channel and principal',
      ),
      field('Channel', channel, 'Its parameters, and the facts that its rules read now'),
    ),
    element(
      'fieldset',
      {},
      element('legend', {}, 'Or a made-up principal'),
      element(
        'div',
        { class: 'fields' },
        field('Kind', principal.kind, 'Such as user'),
        field('Id', principal.id),
        field('Tenant', principal.tenant),
        field('Roles', roles, 'Separated by commas'),
      ),
    ),
    element(
      'details',
      {},
      element('summary', {}, 'Made-up parameters and facts'),
      field('Parameters', params, 'JSON, such as {"userId":"15"}'),
      field('Facts', facts, 'JSON, such as {"order":{"kind":"order","fields":{"owner_id":"15"}}}'),
    ),
    element('button', {}, 'Evaluate'),
  );
  return [form, result];
}

function principalOf({ kind, id, tenant }, roles) {
  if (kind.value.trim() === '') return undefined;
  const names = namesIn(roles);
  return {
    kind: kind.value.trim(),
    id: id.value.trim() || undefined,
    tenant: tenant.value.trim() || undefined,
    roles: names.length > 0 ? names : undefined,
  };
}

function jsonOf(label, text) {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${label}: this is not JSON`);
  }
}

function resultOf({ type, value, problem, values, missing }, expression) {
  return [
    ...(problem ? problemOf(problem, expression) : [valueOf(type, value)]),
    definitions({ 'Facts that do not exist': missing.join(', ') || undefined }),
    element(
      'details',
      {},
      element('summary', {}, 'What the expression can read'),
      element('pre', { tabindex: '0' }, JSON.stringify(values, undefined, 2)),
    ),
  ];
}

function valueOf(type, value) {
  if (value === undefined) {
    return element(
      'p',
      { class: 'verdict' },
      'No value: the evaluation failed. A rule would not hold.',
    );
  }
  return element('p', { class: 'verdict' }, `${JSON.stringify(value)} (${type})`);
}

/** The problem, with a mark below its place. */
function problemOf({ message, line, column }, expression) {
  const text = expression.split('\n')[line - 1] ?? '';
  return [
    element(
      'p',
      { class: 'refusal' },
      element('strong', {}, `Line ${line}, column ${column}: `),
      message,
    ),
    element('pre', { tabindex: '0' }, `${text}\n${' '.repeat(column - 1)}^`),
  ];
}
