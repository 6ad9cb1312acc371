import type { Config } from '../../config/load.ts';
import { runPolicyTests } from '../../policy-test/run-tests.ts';
import type { Policy } from '../../policy/policy.ts';
import { operatorUrl } from '../operator-url.ts';
import type { Loaded } from '../policy/load.ts';
import type { Fault, HttpResponse, PolicyEvidence } from './check.ts';
import { get, type ProbeDeps } from './probe-usher.ts';

/** Runs the tests of the policy, and reads the one of the running Usher. */
export async function probePolicy(
  loaded: Loaded,
  { operator }: Pick<Config, 'operator'>,
  deps: Pick<ProbeDeps, 'fetch' | 'now'>,
): Promise<PolicyEvidence> {
  const url = operatorUrl(operator);
  const headers = operator.token && { authorization: `Bearer ${operator.token.reveal()}` };
  const running =
    url === undefined ? undefined : await get(deps, { url: `${url}/policy`, headers });
  return policyEvidence(loaded, running, deps.now);
}

/** Runs the tests of a policy, to compare it with the response of `GET /policy`. */
export async function policyEvidence(
  loaded: Loaded,
  running: HttpResponse | Fault | undefined,
  now: () => number,
): Promise<PolicyEvidence> {
  if ('problems' in loaded) return loaded;
  return { hash: loaded.policy.hash, tests: await runTests(loaded.policy, now), running };
}

async function runTests(policy: Policy, now: () => number) {
  const { results } = await runPolicyTests(policy, now);
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  return { count: results.length, failed };
}
