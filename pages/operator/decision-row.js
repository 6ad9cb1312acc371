import { element, row, timeElement } from './dom.js';

export const decisionColumns = [
  ...['Time', 'Outcome', 'Action', 'Channel', 'Principal', 'Tenant', 'Failed check'],
];

/** A row of a list of decisions. */
export function decisionRow(decision) {
  const { decision_id: id, at, outcome, action, channel, tenant_id: tenant } = decision;
  const link = element('a', { href: decisionHash(id) }, timeElement(at));
  const cells = [
    ...[link, outcomeElement(outcome), action, channel],
    ...[principalText(decision), tenant, decision.failed_check ?? decision.code],
  ];
  return row(decisionColumns, cells, { 'data-id': id, class: outcome });
}

export function decisionHash(id) {
  return `#decision/${encodeURIComponent(id)}`;
}

/** The outcome as a word, since color alone is not enough. */
export function outcomeElement(outcome) {
  return element('strong', { class: outcome }, outcome === 'grant' ? 'granted' : 'refused');
}

export function principalText({ principal }) {
  return principal && `${principal.kind} ${principal.id ?? ''}`;
}
