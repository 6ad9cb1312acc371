import { element } from './dom.js';
import { expressionForm } from './try-expression.js';
import { policyForm } from './try-policy.js';

/** An expression or a whole policy, tried without a use of it. */
export function showTry(content, context) {
  content.append(
    element('p', {}, 'Nothing is recorded, and the policy in use does not change.'),
    element('h2', {}, 'An expression'),
    ...expressionForm(context),
    element('h2', {}, 'A policy'),
    ...policyForm(context),
  );
}
