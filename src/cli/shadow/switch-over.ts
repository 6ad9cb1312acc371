import type { ShadowFamily } from '../../audit/shadow-report.ts';
import { countOf } from '../format.ts';

/** Whether the shadow may decide, with the reason. */
export interface SwitchOver {
  readonly isSafe: boolean;
  readonly because: string;
}

/** One restart of the application leaves fewer decisions without a verdict. An application that often fails must not decide. */
const maxNoVerdicts = 0.01;

/** Safe if enough decisions agreed, among them grants and refusals, and none disagreed. */
export function judgeSwitchOver(
  { agreed, disagreed, noVerdict }: ShadowFamily,
  minAgreements: number,
): SwitchOver {
  const agreements = agreed.grants + agreed.refusals;
  const no = (because: string): SwitchOver => ({ isSafe: false, because });
  if (disagreed > 0) return no(`they disagreed about ${countOf(disagreed, 'decision')}`);
  if (agreements < minAgreements) {
    return no(`only ${countOf(agreements, 'decision')} agreed, fewer than ${minAgreements}`);
  }
  if (agreed.grants === 0) return no('every decision was a refusal');
  if (agreed.refusals === 0) return no('every decision was a grant');
  if (noVerdict > maxNoVerdicts * agreements) {
    return no(`the shadow had no verdict for ${countOf(noVerdict, 'decision')}`);
  }
  return {
    isSafe: true,
    because: `they agreed about ${countOf(agreed.grants, 'grant')} and ${countOf(agreed.refusals, 'refusal')}`,
  };
}
