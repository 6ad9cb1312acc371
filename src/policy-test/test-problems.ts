import type { Policy } from '../policy/policy.ts';
import { runPolicyTests } from './run-tests.ts';

/** Runs the tests of a policy. Returns the failed ones with their places; Usher does not start with a policy that has any. */
export async function testProblems(policy: Policy, now: () => number): Promise<readonly string[]> {
  const { results } = await runPolicyTests(policy, now);
  return results.flatMap(({ file, line, title, problems }) =>
    problems.map((problem) => `${file}:${line}: ${title}: ${problem}`),
  );
}
