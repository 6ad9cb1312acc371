import {
  askChecks,
  namesMember,
  type AskApplication,
  type ApplicationMember,
  askRequest,
} from '../policy/ask.ts';
import { isCacheBody, type ChannelForm, type SocketId } from '../policy/pusher-names.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { type ChannelType } from '../policy/channel-type.ts';
import { ruleInput, withFacts, type RuleInput, type Principal } from '../policy/principal.ts';
import {
  check,
  firstFailed,
  type Check,
  type Member,
  type RefusalCode,
} from '../policy/decision.ts';
import type { FindFact } from '../policy/fact-kind.ts';
import { pinCode } from '../policy/param.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import { applicationMemberAt, memberAt, noMember } from '../policy/member.ts';
import type { WithLentPermit } from '../runtime/permits.ts';
import type { RouteConstraints } from './auth-request.ts';
import { tenantChecks } from './authenticate.ts';
import { findFacts, type MissingFact } from './find-facts.ts';

export interface EvaluateDeps {
  readonly find: FindFact;
  readonly ask: AskApplication;
  readonly withLentPermit: WithLentPermit;
  /** Whether channels of this tenant can be encrypted: whether there is a master key. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
  /** Whether the Pusher server of this tenant has cache channels of this form. */
  readonly caches: (tenantId: string | undefined, form: ChannelForm) => boolean;
  readonly userIdOf: UserIdOf;
  readonly now: () => number;
}

/** The id of a member or a user at the Pusher server of this tenant; `undefined` if it has none. */
export type UserIdOf = (tenantId: string | undefined, id: string) => string | undefined;

/** The result for one principal and one channel: the checks, the reason of a refusal, and the presence member. */
interface Evaluation {
  readonly checks: readonly Check[];
  readonly refused?: RefusalCode;
  readonly member?: Member | undefined;
  /** The member data of the application's response. */
  readonly applicationMember?: ApplicationMember | undefined;
  /** The tenant of the fact, if the channel name and the principal have none. */
  readonly tenantId?: string | undefined;
}

interface Subject {
  readonly principal: Principal;
  readonly constraints: RouteConstraints;
  readonly headers?: VisitorHeaders | undefined;
}

interface SocketSubject extends Subject {
  readonly socketId: SocketId;
}

/** The tenant that a channel name contains. */
export function tenantOf({ channelType, params }: ChannelMatch): string | undefined {
  return channelType.tenant === undefined ? undefined : params[channelType.tenant];
}

/** Evaluates the rules of a channel for one principal, then requests the decision of the application if the channel requires it. Throws `Unavailable`. */
export async function evaluateMatch(
  match: ChannelMatch,
  subject: SocketSubject,
  deps: EvaluateDeps,
): Promise<Evaluation> {
  const { principal } = subject;
  const missing = missingForm(match, principal, deps);
  if (missing !== undefined) return { checks: [missing], refused: missing.code };
  const evaluation = await evaluateType(match, subject, deps);
  const { ask } = match.channelType;
  if (ask === undefined || evaluation.refused !== undefined) {
    return withMember(evaluation, match, { principal, userIdOf: deps.userIdOf });
  }
  const response = await deps.withLentPermit(() => deps.ask(askRequest(ask, match, subject)));
  const checks = [...evaluation.checks, ...askChecks(response)];
  if (!response.isGranted) return { checks, refused: 'not-allowed' };
  const granted = { ...evaluation, checks };
  if (!namesMember(ask)) return withMember(granted, match, { principal, userIdOf: deps.userIdOf });
  const server = tenantOf(match) ?? principal.tenantId ?? evaluation.tenantId;
  return withApplicationMember(granted, response.member, (id) => deps.userIdOf(server, id));
}

function withApplicationMember(
  { checks, tenantId }: Pick<Evaluation, 'checks' | 'tenantId'>,
  named: ApplicationMember | undefined,
  toUserId: (id: string) => string | undefined,
): Evaluation {
  if (named === undefined) return { checks, tenantId };
  const { member, checks: ofMember } = applicationMemberAt(named, toUserId(named.user_id));
  const all = [...checks, ...ofMember];
  if (member === undefined) return { checks: all, refused: 'not-allowed' };
  const user_id = String(member.data.user_id);
  return { checks: all, member: { user_id }, applicationMember: member, tenantId };
}

/** Returns the permitted ones of matches that differ only in their form, with one evaluation. */
export async function permittedMatches(
  matches: readonly ChannelMatch[],
  subject: Subject,
  deps: EvaluateDeps,
): Promise<readonly ChannelMatch[]> {
  // The application's decision is not requested for lists.
  if (matches.some(({ channelType }) => channelType.ask !== undefined)) return [];
  const existing = matches.filter(
    (match) => missingForm(match, subject.principal, deps) === undefined,
  );
  const [first] = existing;
  if (first === undefined) return [];
  const evaluation = await evaluateType(first, subject, deps);
  const member = { principal: subject.principal, userIdOf: deps.userIdOf };
  return existing.filter((match) => withMember(evaluation, match, member).refused === undefined);
}

/** The failed check if the tenant's Pusher app has no channels of this form. */
function missingForm(
  match: ChannelMatch,
  principal: Principal,
  { encrypts, caches }: EvaluateDeps,
): Check | undefined {
  const { form, body } = match.channel;
  const isEncrypted = form === 'private-encrypted';
  const isCache = isCacheBody(body);
  if (!isEncrypted && !isCache) return undefined;
  const tenantId = tenantOf(match) ?? principal.tenantId;
  if (isEncrypted && !encrypts(tenantId)) {
    return check('Pusher app has a key for encrypted channels', false, 'unknown-channel');
  }
  if (!isCache || caches(tenantId, form)) return undefined;
  return check('Pusher server has cache channels of this form', false, 'unknown-channel');
}

const noFacts: RuleInput['facts'] = {};

/** An evaluation for all forms of a channel, with what the member is computed from. */
type TypeEvaluation =
  | (Evaluation & { readonly refused: RefusalCode })
  | (Pick<Evaluation, 'checks' | 'tenantId'> & {
      readonly refused?: undefined;
      readonly input: RuleInput;
    });

async function evaluateType(
  match: ChannelMatch,
  { principal, constraints, headers }: Subject,
  deps: Pick<EvaluateDeps, 'find' | 'withLentPermit' | 'now'>,
): Promise<TypeEvaluation> {
  const { channelType, params } = match;
  const checks = constraintChecks(match, principal, constraints);
  const mismatch = firstFailed(checks);
  // Before the facts are found, so that no request finds a fact of another tenant.
  if (mismatch) return { checks, refused: mismatch.code };

  const now = new Date(deps.now());
  const known = ruleInput(principal, { params, facts: noFacts, now });
  const rules = channelType.rules.get(principal.kind);
  const { facts, tenantId, missing } = await findFacts(rules?.facts ?? [], known, {
    principal,
    headers,
    find: deps.find,
    withLentPermit: deps.withLentPermit,
  });
  const input = withFacts(known, principal, facts);
  const ofRules = rules?.check(input) ?? [];
  checks.push(
    ...ofRules,
    // After the checks of the rule: otherwise the response would reveal which facts exist.
    factCheck(missing),
    // A rule without checks must not grant everything.
    check('rule has checks', ofRules.length > 0 || channelType.ask !== undefined),
  );
  const failed = firstFailed(checks);
  return failed ? { checks, refused: failed.code } : { checks, input, tenantId };
}

const factsExist = check('required fact exists', true, 'fact-missing');

/** A channel may require several facts, so a failed check names the one to store. */
function factCheck(missing: MissingFact | undefined): Check {
  if (missing === undefined) return factsExist;
  const { name, hasIds } = missing;
  const failed = hasIds
    ? `required fact ${name} exists`
    : `ids of the fact ${name} can be computed`;
  return check(failed, false, factsExist.code);
}

/** The values from which the member of a channel is computed. */
interface MemberSource {
  readonly principal: Principal;
  readonly userIdOf: UserIdOf;
}

function withMember(
  evaluation: TypeEvaluation,
  match: ChannelMatch,
  { principal: { kind, tenantId }, userIdOf }: MemberSource,
): Evaluation {
  if (evaluation.refused !== undefined) return evaluation;
  const { channelType, channel } = match;
  const required = isMemberRequired(channelType, channel.form, kind);
  const member = required ? channelType.rules.get(kind)?.member?.(evaluation.input) : undefined;
  if (required && member === undefined) {
    const failed = check('member data can be computed', false);
    return { checks: [...evaluation.checks, failed], refused: failed.code };
  }
  const server = tenantOf(match) ?? tenantId ?? evaluation.tenantId;
  const atServer =
    member === undefined ? noMember : memberAt(member, userIdOf(server, member.user_id));
  const checks = [...evaluation.checks, ...atServer.checks];
  const failed = firstFailed(atServer.checks);
  return failed
    ? { checks, refused: failed.code }
    : { checks, member: atServer.member, tenantId: evaluation.tenantId };
}

function isMemberRequired(channelType: ChannelType, form: ChannelForm, kind: string): boolean {
  return hasMember(channelType, form) && channelType.rules.get(kind)?.member !== undefined;
}

/** Whether a channel of this form has a presence member. */
export function hasMember({ memberOnPrivate }: ChannelType, form: ChannelForm): boolean {
  return form === 'presence' || (form === 'private' && memberOnPrivate);
}

function constraintChecks(
  match: ChannelMatch,
  principal: Principal,
  { tenantIds, pins = [], only }: RouteConstraints,
): Check[] {
  const { channelType, params } = match;
  const acceptsKind = channelType.rules.has(principal.kind);
  const checks = [check('channel type accepts this kind of principal', acceptsKind, 'wrong-kind')];
  for (const { name, channelParam, value } of pins) {
    const isPinned = params[channelParam] === value;
    checks.push(check(`channel is of the ${name} of the request`, isPinned, pinCode(name)));
  }
  if (only !== undefined) {
    const isSigned = only.includes(channelType.pattern.text);
    checks.push(check('route signs this channel', isSigned, 'wrong-kind'));
  }
  checks.push(...tenantChecks(tenantIds, principal, tenantOf(match)));
  return checks;
}
