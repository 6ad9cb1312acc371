import { element } from './dom.js';

/** What can be done about a refusal, if that is known. */
export function remedyCard(remedy) {
  return remedy ? [element('p', { class: 'card' }, element('strong', {}, 'Remedy: '), remedy)] : [];
}

/** The checks of a decision, in their order. */
export function checkList(checks, firstFailed) {
  return element(
    'ol',
    { class: 'checks' },
    checks.map(({ name, passed }) => {
      const isFirst = !passed && name === firstFailed;
      return element(
        'li',
        { class: passed ? 'grant' : 'refusal' },
        element('strong', {}, passed ? 'passed' : 'failed'),
        ` ${name}`,
        isFirst ? element('em', {}, ' (the first that failed)') : undefined,
      );
    }),
  );
}
