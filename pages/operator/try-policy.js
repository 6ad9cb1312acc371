import { postJson } from './api.js';
import { decisionHash, outcomeElement, principalText } from './decision-row.js';
import { definitions, element, field, row, table, textArea } from './dom.js';
import { formResult } from './form-result.js';

const example = `version: 1
channels:
  private-user.{userId}:
    about: one user
    params: { userId: id }
    allow:
      user:
        user is the owner: user.id == params.userId
`;

/** The form of a policy: files from this machine, or texts, and its result. */
export function policyForm({ signal, fail }) {
  const files = element('div', {});
  const show = (list) => files.replaceChildren(...list.map(fileField));
  show([
    { name: 'policy.yaml', content: example },
    { name: 'policy.test.yaml', content: '' },
  ]);
  const change = async ({ target }) => {
    const read = async (file) => ({ name: file.name, content: await file.text() });
    show(await Promise.all([...target.files].map(read)));
  };
  const choose = element('input', { type: 'file', multiple: true, accept: '.yaml,.yml', change });
  const tryIt = async () => {
    const given = [...files.querySelectorAll('textarea')].filter(
      ({ value }) => value.trim() !== '',
    );
    const texts = given.map(({ name, value }) => ({ name, content: value }));
    return resultOf(await postJson('policy/try', { files: texts }, signal));
  };
  const { result, submit } = formResult('Trying', tryIt, fail);
  const form = element(
    'form',
    { class: 'card', submit },
    field(
      'Files',
      choose,
      'All files of the policy, with their tests. They replace the texts below.',
    ),
    files,
    element('button', {}, 'Try'),
  );
  return [form, result];
}

function fileField({ name, content }) {
  const area = textArea(Math.min(20, Math.max(6, content.split('\n').length)), content);
  area.name = name;
  return field(name, area);
}

function resultOf({ problems, policy, tests, decisions }) {
  if (problems.length > 0) {
    return [element('h3', {}, 'The policy cannot be loaded'), listOf(problems)];
  }
  return [
    element('h3', {}, 'Tests'),
    definitions({ Policy: policy, Passed: String(tests.passed), ...countsOf(tests) }),
    ...tests.failed.map(failureItem),
    ...(tests.uncovered.length > 0 ? [uncovered(tests.uncovered)] : []),
    element('h3', {}, 'Recorded decisions'),
    ...decisionParts(decisions),
  ];
}

function countsOf({ failed_count: failed, not_run: notRun }) {
  return {
    Failed: String(failed),
    'Not run': notRun > 0 ? `${notRun}, because the time was over` : undefined,
  };
}

function failureItem({ at, title, problems }) {
  return element(
    'div',
    { class: 'refusal' },
    element('strong', {}, `${at}: `),
    title,
    listOf(problems),
  );
}

function uncovered(rules) {
  const summary = element('summary', {}, `${rules.length} rules that no test covers`);
  return element('details', {}, summary, listOf(rules));
}

const listOf = (texts) =>
  element(
    'ul',
    {},
    texts.map((text) => element('li', {}, text)),
  );

const columns = ['Decision', 'Channel', 'Principal', 'Before', 'After'];

function decisionParts({ replayed, changed, changes, skipped }) {
  return [
    element('p', { class: 'verdict' }, `${changed} of ${replayed} decisions would change.`),
    definitions(
      Object.fromEntries(
        Object.entries(skips).map(([name, text]) => [text, countOf(skipped[name])]),
      ),
    ),
    ...(changes.length > 0
      ? [table('Decisions that would change', columns, changes.map(changeRow))]
      : []),
    ...(changes.length < changed
      ? [element('p', { class: 'note' }, `${changes.length} are shown.`)]
      : []),
  ];
}

const skips = {
  not_evaluated: 'Refused before a rule',
  application_decides: 'The application decides',
  changed_fact: 'Another declaration of a fact',
  differs_now: 'Decided differently now',
  unavailable: 'A fact cannot be read',
  time: 'No time left',
};

const countOf = (count) => (count > 0 ? `${count} not decided again` : undefined);

function changeRow(change) {
  const { decision_id: id, channel, before, after } = change;
  return row(columns, [
    element('a', { href: decisionHash(id) }, id.slice(0, 8)),
    channel,
    principalText(change),
    ...[before, after].map(verdict),
  ]);
}

function verdict({ outcome, code, failed_check: check }) {
  const why = [code, check].filter(Boolean).join(': ');
  return element('span', {}, outcomeElement(outcome), ` ${why}`);
}
