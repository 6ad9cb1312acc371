import { Option } from 'commander';
import { checkSources, type SourceCheck } from '../../composition/commands/check-sources.ts';
import type { Environment } from '../../config/read.ts';
import { PolicyError } from '../../policy/policy-error.ts';
import type { Policy } from '../../policy/policy.ts';
import { describeOutage } from '../network-errors.ts';

export const onlineOption = (): Option =>
  new Option(
    '--online',
    'also connect to each source: prepare its queries, print the GRANTs it needs, and send a request for each fact by HTTP and to each endpoint of ask',
  );

/** The result for each query, and the GRANTs. */
interface OnlineResult {
  readonly lines: readonly string[];
  readonly passed: boolean;
}

export const notChecked: OnlineResult = { lines: [], passed: true };

/** Checks the sources of a policy, for `--online`. */
export async function checkOnline(policy: Policy, env: Environment): Promise<OnlineResult> {
  try {
    const checked = await checkSources(policy, { variable: (name) => env[name] });
    return {
      lines: [...checked.map(formatChecked), ...grantsOf(checked)],
      passed: checked.every(({ error }) => error === undefined),
    };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { lines: error.problems, passed: false };
  }
}

/** The GRANTs by source: two sources may have tables of the same name. */
function grantsOf(checked: readonly SourceCheck[]): readonly string[] {
  const needed = checked.filter(({ grants }) => grants.length > 0);
  return [...new Set(needed.map(({ source }) => source))].flatMap((source) => [
    `The role of the source ${source} needs:`,
    ...new Set(needed.flatMap((each) => (each.source === source ? each.grants : []))),
  ]);
}

function formatChecked({ name, source, error, skipped }: SourceCheck): string {
  if (skipped !== undefined)
    return `– the source ${source} was not checked for the ${name}: ${skipped}`;
  return error === undefined
    ? `✓ the source ${source} can be queried for the ${name}`
    : `✗ the source ${source} cannot be queried for the ${name}: ${describeOutage(error)}`;
}
