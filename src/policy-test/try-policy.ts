import type { FindDecisions } from '../audit/decision-filters.ts';
import { replay, type Replay, type ReplayDeps } from '../authorize/replay.ts';
import { buildPolicyOf, type PolicyText } from '../policy/load-policy.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Policy } from '../policy/policy.ts';
import { runPolicyTests, type TestReport } from './run-tests.ts';

/** The effects that a policy would have in place of the one in use. */
export type Trial =
  | { readonly problems: readonly string[] }
  | {
      readonly hash: string;
      readonly tests: TestReport;
      /** Recorded decisions, decided again. */
      readonly replay: Replay;
    };

/** Tries a policy without using it for decisions. `busy`: another trial is running. Throws `Unavailable`. */
export type TryPolicy = (files: readonly PolicyText[]) => Promise<Trial | 'busy'>;

interface TryPolicyDeps extends Omit<ReplayDeps, 'isTimeOver'> {
  readonly policy: () => Policy;
  readonly findDecisions: FindDecisions;
}

/** The number of decisions that are decided again: the newest subscriptions. */
const maxDecisions = 1_000;

/** Milliseconds for the tests, and for the decisions: together less than the timeout of most proxies. */
const trialLimitMs = 5_000;

/**
 * Creates the function that tries policies, one at a time: each takes as much of the processor as it can get. The policy
 * in use and the audit log do not change, and no source gets a request that the policy in use would not send.
 */
export function createTryPolicy(deps: TryPolicyDeps): TryPolicy {
  let isBusy = false;
  return async (files) => {
    if (isBusy) return 'busy';
    isBusy = true;
    try {
      return await tryPolicy(files, deps);
    } finally {
      isBusy = false;
    }
  };
}

async function tryPolicy(
  files: readonly PolicyText[],
  { policy, findDecisions, ...deps }: TryPolicyDeps,
): Promise<Trial> {
  const current = policy();
  const candidate = await build(files);
  if (Array.isArray(candidate)) return { problems: candidate };
  const tests = await runPolicyTests(candidate, deps.now, { isTimeOver: timeLimit(deps) });
  const filters = { action: 'subscribe' };
  const { decisions } = await findDecisions({ filters, limit: maxDecisions });
  const isTimeOver = timeLimit(deps);
  const replayed = await replay(decisions, { current, candidate }, { ...deps, isTimeOver });
  return { hash: candidate.hash, tests, replay: replayed };
}

async function build(files: readonly PolicyText[]): Promise<Policy | string[]> {
  try {
    return await buildPolicyOf(files);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return [...error.problems];
  }
}

function timeLimit({ now }: Pick<TryPolicyDeps, 'now'>): () => boolean {
  const end = now() + trialLimitMs;
  return () => now() > end;
}
