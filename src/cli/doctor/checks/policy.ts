import { describeFault } from '../../network-errors.ts';
import {
  fail,
  isFault,
  pass,
  unknown,
  type DoctorCheck,
  type PolicyEvidence,
  type ServiceEvidence,
} from '../check.ts';

type PolicyOnly = Pick<ServiceEvidence, 'policy'>;

type LoadedPolicy = Extract<PolicyEvidence, { readonly hash: string }>;

const loads: DoctorCheck<PolicyOnly> = {
  name: 'the policy can be loaded',
  run: ({ policy }) =>
    'problems' in policy
      ? fail(
          `It has problems: ${policy.problems.slice(0, 3).join('; ')}.`,
          'Correct its files: usher policy check lists all problems.',
        )
      : pass,
};

const tests: DoctorCheck<PolicyOnly> = {
  name: 'the tests of the policy pass',
  run: ({ policy }) => {
    if ('problems' in policy) return unknown('the policy cannot be loaded');
    const { failed, count } = policy.tests;
    if (count === 0) return unknown('the policy has no tests; see usher policy init');
    return failed === 0
      ? pass
      : fail(
          `${failed} of ${count} cases failed.`,
          'Usher does not start with it: usher policy test.',
        );
  },
};

/** The files of this machine are those of the running Usher. */
const inUse: DoctorCheck<PolicyOnly> = {
  name: 'the running Usher uses this policy',
  run: ({ policy }) =>
    'problems' in policy ? unknown('the policy cannot be loaded') : comparePolicies(policy),
};

function comparePolicies({ hash, running }: LoadedPolicy) {
  if (running === undefined) return unknown('OPS_PORT is 0');
  if (isFault(running)) {
    return unknown(`no response from the operator’s port: ${describeFault(running.fault)}`);
  }
  const { status, json } = running;
  if (status === 401) {
    return unknown('the operator’s port refuses OPS_TOKEN (401)');
  }
  const { hash: used, problems } = json ?? {};
  if (status !== 200 || typeof used !== 'string') {
    return unknown(`the operator’s port responds with ${status} and no policy`);
  }
  if (Array.isArray(problems) && problems.length > 0) {
    return fail(
      `Usher cannot load the changed policy: ${String(problems[0]).slice(0, 200)}.`,
      'The last good policy stays in use. Correct the files: usher policy test.',
    );
  }
  return Object.is(used, hash)
    ? pass
    : fail(
        `Usher uses the policy ${used.slice(0, 16)}, and the files of this machine are ${hash}.`,
        'Set POLICY to the same files here and there. Usher reads changed files within two seconds.',
      );
}

export const policyChecks: readonly DoctorCheck<PolicyOnly>[] = [loads, tests, inUse];
