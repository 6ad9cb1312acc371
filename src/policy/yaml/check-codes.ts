import { ownRefusalCodes } from '../decision.ts';
import type { Policy } from '../policy.ts';
import type { ReportedDocument } from './merge-declarations.ts';
import { hint } from './schema-error.ts';

/** Reports the codes of checks that no file declares: they would have no remedy, and a misspelt one no response of its own. */
export function checkCodes(
  documents: readonly ReportedDocument[],
  declared: Policy['codes'],
): void {
  const known = [...ownRefusalCodes, ...declared.keys()];
  for (const { channels, report } of documents) {
    const checks = channels.flatMap(({ allow }) => allow.flatMap((rules) => rules.checks));
    for (const { at, code } of checks) {
      if (code === undefined || known.includes(code)) continue;
      const problem = `${code} is neither a refusal code of Usher nor in \`codes\`; ${hint(code, known)}`;
      report.at([...at, 'code'], problem, 'value');
    }
  }
}
