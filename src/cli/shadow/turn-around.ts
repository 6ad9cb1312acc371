import type { ShadowFamily } from '../../audit/shadow-report.ts';

/** Whether the side that watched may answer, and why, or why not. */
export interface TurnAround {
  readonly isSafe: boolean;
  readonly because: string;
}

/** A host that is restarted once leaves fewer decisions without a verdict; one that often fails would fail as the answer too. */
const maxNoVerdicts = 0.01;

/** Judges by what was compared: enough of it, of both outcomes, without any disagreement. */
export function judgeTurnAround(
  { agreed, disagreed, noVerdict }: ShadowFamily,
  minAgreements: number,
): TurnAround {
  const agreements = agreed.grants + agreed.refusals;
  const no = (because: string): TurnAround => ({ isSafe: false, because });
  if (disagreed > 0) return no(`they disagreed about ${countOf(disagreed, 'decision')}`);
  if (agreements < minAgreements) {
    return no(`only ${countOf(agreements, 'decision')} agreed, fewer than ${minAgreements}`);
  }
  if (agreed.grants === 0) return no('every decision was a refusal');
  if (agreed.refusals === 0) return no('every decision was a grant');
  if (noVerdict > maxNoVerdicts * agreements) {
    return no(`the side that watched came to no verdict about ${countOf(noVerdict, 'decision')}`);
  }
  return {
    isSafe: true,
    because: `they agreed about ${countOf(agreed.grants, 'grant')} and ${countOf(agreed.refusals, 'refusal')}`,
  };
}

const countOf = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;
