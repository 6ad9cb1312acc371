import type { RecordedShadowVerdict } from '../../audit/shadow-verdict.ts';
import type { Decision } from '../../policy/decision.ts';
import type { Policy } from '../../policy/policy.ts';
import { createPermits, type PermitSettings } from '../../runtime/permits.ts';
import type { Clock } from '../../runtime/timer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { ChannelAuthRequest } from '../auth-request.ts';
import type { EvaluateDeps } from '../evaluate.ts';
import {
  verdictOfOtherSide,
  verdictTimeoutMs,
  type FindVerdict,
  type WatchingVerdict,
} from './watching-verdict.ts';

/** Compares a decision with the shadow of its channel. Returns at once, and never throws. */
export type WatchDecision = (request: ChannelAuthRequest, decision: Decision) => void;

/** Why a decision was not compared, or its comparison not stored. */
type NotCompared = 'too-many' | 'policy-changed' | 'not-stored';

export interface WatchDeps extends EvaluateDeps, Clock {
  readonly policy: () => Policy;
  /** Stores the comparison. Rejects if it cannot be stored. */
  readonly record: (verdict: RecordedShadowVerdict) => Promise<unknown>;
  readonly count: (family: string, result: RecordedShadowVerdict['result'] | NotCompared) => void;
  /** Reports an error of the shadow, or of the store. */
  readonly logFailure: (family: string, error: unknown) => void;
  readonly logSuccess: (family: string) => void;
}

/**
 * A low limit: the shadow must not use the capacity of an application or a database that decisions need. One queued request of a
 * visitor takes a kilobyte.
 */
export const watchLimits: PermitSettings = {
  maxConcurrent: 4,
  maxQueued: 1_000,
  maxWaitMs: 20_000,
};

const one = { permits: 1, isAborted: () => false };

/** Creates the function that compares decisions after their responses. */
export function createWatchDecision(deps: WatchDeps): WatchDecision {
  const { policy, now, startTimer, count } = deps;
  const permits = createPermits(watchLimits, startTimer);

  const compare = async ({ about, find }: Subject): Promise<void> => {
    if ((await permits.acquire(one)) !== 'acquired') {
      count(about.family, 'too-many');
      return;
    }
    const finding = find();
    // Not at the timeout: the running evaluation still uses the resources of the shadow.
    void finding.then(release, release);
    await recordVerdict(about, await withinTime(finding, deps), deps);
  };
  const release = (): void => {
    permits.release(1);
  };

  return (request, decision) => {
    const { family, channel, policy: decidedBy } = decision;
    const { channels, hash: current } = policy();
    if (family === undefined || channel === undefined || !channels.shadowed.has(family)) return;
    if (decidedBy !== current) {
      count(family, 'policy-changed');
      return;
    }
    const match = channels.matchText(channel.text);
    const find = match && verdictOfOtherSide({ request, decision, match }, deps);
    const side = match?.channelType.shadow?.side;
    if (find === undefined || side === undefined) return;
    const { id: decisionId, outcome: answered } = decision;
    const subject = {
      about: { decisionId, at: now(), family, policy: current, side, answered },
      find,
    };
    // The response is sent before.
    startTimer(0, () => void compare(subject));
  };
}

type About = Omit<RecordedShadowVerdict, 'watched' | 'result' | 'reason'>;

interface Subject {
  readonly about: About;
  readonly find: FindVerdict;
}

type Found = WatchingVerdict | { readonly error: unknown };

/** An error is no verdict: it is neither a yes nor a no. */
function withinTime(
  finding: Promise<WatchingVerdict>,
  { startTimer }: Pick<WatchDeps, 'startTimer'>,
): Promise<Found> {
  return new Promise((resolve) => {
    const stop = startTimer(verdictTimeoutMs, () => {
      resolve({ error: tooLate });
    });
    const settle = (found: Found): void => {
      stop();
      resolve(found);
    };
    finding.then(settle, (error: unknown) => {
      settle({ error });
    });
  });
}

async function recordVerdict(
  about: About,
  found: Found,
  { record, count, logFailure, logSuccess }: WatchDeps,
): Promise<void> {
  const { family, answered } = about;
  const verdict: RecordedShadowVerdict =
    'error' in found
      ? { ...about, result: 'no-verdict', reason: reasonOf(found.error) }
      : {
          ...about,
          watched: found.outcome,
          reason: found.failedCheck,
          result: found.outcome === answered ? 'agreed' : 'disagreed',
        };
  if ('error' in found) logFailure(family, found.error);
  count(family, verdict.result);
  try {
    await record(verdict);
    if (!('error' in found)) logSuccess(family);
  } catch (error) {
    count(family, 'not-stored');
    logFailure(family, error);
  }
}

const tooLate = new Error('it took too long');

/** Without the cause, which may have values. */
function reasonOf(error: unknown): string {
  if (error instanceof Unavailable || error === tooLate) return (error as Error).message;
  return 'an error of Usher: see its log';
}
