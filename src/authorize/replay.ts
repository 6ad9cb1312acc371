import { setImmediate } from 'node:timers/promises';
import type { AuditEvent, DecisionEntry } from '../audit/audit-event.ts';
import { firstFailed } from '../policy/decision.ts';
import type { FactKind, FindFact } from '../policy/fact-kind.ts';
import type { Policy } from '../policy/policy.ts';
import { maxTime, type Principal } from '../policy/principal.ts';
import { parseSocketId } from '../policy/pusher-names.ts';
import { withoutPermit } from '../runtime/permits.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { evaluateMatch, type EvaluateDeps } from './evaluate.ts';

/** The result of a recorded request under one policy. */
export interface Verdict {
  readonly outcome: 'grant' | 'refusal';
  readonly code?: string | undefined;
  readonly failedCheck?: string | undefined;
}

/** A recorded decision that the candidate would decide in another way. */
export interface ChangedDecision {
  readonly decision: AuditEvent;
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface Replay {
  /** The number of decisions that were decided again. */
  readonly replayed: number;
  readonly changes: readonly ChangedDecision[];
  /** The number of decisions that were not, by the reason. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
}

/**
 * `not-evaluated`: refused before a rule was evaluated, or not about a channel. `application-decides`: the decision is that of the application.
 * `changed-fact`: the candidate declares a fact that it reads in another way. `differs-now`: the policy in use does not decide as recorded, since roles and attributes are not recorded, or facts have
 * changed. `unavailable`: a fact could not be read. `time`: the time was over.
 */
type SkipReason =
  'not-evaluated' | 'application-decides' | 'changed-fact' | 'differs-now' | 'unavailable' | 'time';

export interface ReplayDeps extends Omit<EvaluateDeps, 'ask' | 'withLentPermit'> {
  readonly isTimeOver: () => boolean;
}

interface Policies {
  readonly current: Policy;
  readonly candidate: Policy;
}

/**
 * Decides recorded subscriptions by the policy in use and by a candidate, with the facts of now. Only a decision that the
 * policy in use repeats shows what the candidate changes.
 */
export async function replay(
  entries: readonly DecisionEntry[],
  policies: Policies,
  deps: ReplayDeps,
): Promise<Replay> {
  const changes: ChangedDecision[] = [];
  const skipped: Record<SkipReason, number> = {
    'not-evaluated': 0,
    'application-decides': 0,
    'changed-fact': 0,
    'differs-now': 0,
    unavailable: 0,
    time: 0,
  };
  let replayed = 0;
  for (const [i, { decision }] of entries.entries()) {
    // Other requests are processed between two decisions.
    await setImmediate();
    if (deps.isTimeOver()) {
      skipped.time = entries.length - i;
      break;
    }
    const result = await compare(decision, policies, deps);
    if (typeof result === 'string') {
      skipped[result] += 1;
      continue;
    }
    replayed += 1;
    if (!isSame(result.before, result.after)) changes.push({ decision, ...result });
  }
  return { replayed, changes, skipped };
}

async function compare(
  decision: AuditEvent,
  { current, candidate }: Policies,
  deps: ReplayDeps,
): Promise<Pick<ChangedDecision, 'before' | 'after'> | SkipReason> {
  const request = requestOf(decision);
  if (request === undefined) return 'not-evaluated';
  try {
    const before = await decideBy(current, request, deps);
    if (before === undefined) return 'application-decides';
    if (!isSame(before, decision)) return 'differs-now';
    const find = findAsDeclared(current, deps.find);
    const after = await decideBy(candidate, request, { ...deps, find });
    return after === undefined ? 'application-decides' : { before, after };
  } catch (error) {
    if (error instanceof ChangedFact) return 'changed-fact';
    if (error instanceof Unavailable) return 'unavailable';
    throw error;
  }
}

interface RecordedRequest {
  readonly channel: string;
  readonly socketId: string;
  readonly principal: Principal;
}

function requestOf(decision: AuditEvent): RecordedRequest | undefined {
  const { action, channel, socketId = '1.1', principalKind, principalId, tenantId } = decision;
  if (action !== 'subscribe' || channel === undefined) return undefined;
  if (principalKind === undefined || principalId === undefined) return undefined;
  const principal: Principal = {
    kind: principalKind,
    id: principalId,
    tenantId,
    roles: [],
    expiresAt: maxTime,
  };
  return { channel, socketId, principal };
}

/** `undefined` if the application decides. The constraints of routes are not recorded: the tenant is the recorded one. */
async function decideBy(
  { channels }: Policy,
  { channel, socketId, principal }: RecordedRequest,
  deps: Omit<EvaluateDeps, 'ask' | 'withLentPermit'>,
): Promise<Verdict | undefined> {
  const match = channels.matchText(channel);
  const socket = parseSocketId(socketId);
  if (match === undefined || socket === undefined) {
    return { outcome: 'refusal', code: 'unknown-channel' };
  }
  if (match.channelType.ask !== undefined) return undefined;
  const { tenantId } = principal;
  const constraints = { tenantIds: tenantId === undefined ? [] : [tenantId] };
  const { checks, refused } = await evaluateMatch(
    match,
    { principal, constraints, socketId: socket },
    { ...deps, ask: () => Promise.resolve({ isGranted: false }), withLentPermit: withoutPermit },
  );
  if (refused === undefined) return { outcome: 'grant' };
  return { outcome: 'refusal', code: refused, failedCheck: firstFailed(checks)?.name };
}

class ChangedFact extends Error {}

/**
 * Finds only facts that the policy in use declares in the same way: a policy under trial must not introduce another query,
 * path or column.
 */
function findAsDeclared({ factKinds }: Policy, find: FindFact): FindFact {
  return (kind, ids, viewer) => {
    const inUse = factKinds.get(kind.name);
    if (inUse === undefined || declaration(inUse) !== declaration(kind)) throw new ChangedFact();
    return find(inUse, ids, viewer);
  };
}

/** Texts for people differ with the place of a declaration. */
const forPeople: ReadonlySet<string> = new Set(['about', 'problem']);

function declaration(kind: FactKind): string {
  return JSON.stringify(kind, (key, value: unknown) => (forPeople.has(key) ? undefined : value));
}

function isSame(a: Verdict, b: Verdict): boolean {
  return a.outcome === b.outcome && a.code === b.code && a.failedCheck === b.failedCheck;
}
