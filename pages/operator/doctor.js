import { getJson } from './api.js';
import { element } from './dom.js';
import { formResult } from './form-result.js';

/** The checks of the installation. They connect to every dependency, so they run when asked. */
export function showDoctor(content, { signal, fail }) {
  const run = async () => resultOf((await getJson('doctor', { signal })).checks);
  const { result, submit } = formResult('Running the checks', run, fail);
  content.append(
    element(
      'p',
      {},
      'Checks the Pusher server, the policy, and every server that the settings name, from this process. ',
      element('code', {}, 'usher doctor --url'),
      ' also checks what a page sees.',
    ),
    element('form', { submit }, element('button', {}, 'Run the checks')),
    result,
  );
}

function resultOf(checks) {
  const failed = checks.filter(({ status }) => status === 'fail').length;
  return [
    element('p', { class: 'verdict' }, `${failed} of ${checks.length} checks failed.`),
    element('ul', { class: 'checks' }, checks.map(checkItem)),
  ];
}

const words = { pass: 'passed', fail: 'failed', unknown: 'not run' };
const classes = { pass: 'grant', fail: 'refusal', unknown: 'note' };

function checkItem({ name, status, problem, remedy, reason }) {
  return element(
    'li',
    { class: classes[status] },
    element('strong', {}, words[status]),
    ` ${name}`,
    ...[problem ?? reason, remedy].filter(Boolean).map((text) => element('div', {}, text)),
  );
}
