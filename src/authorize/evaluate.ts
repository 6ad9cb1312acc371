import type { ChannelForm } from '../policy/channel-name.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import {
  check,
  firstFailed,
  type Check,
  type Member,
  type RefusalCode,
} from '../policy/decision.ts';
import type { FactReader } from '../policy/facts.ts';
import { memberFits } from '../policy/member.ts';
import { type Principal } from '../policy/principal.ts';
import type { RouteConstraints } from './auth-request.ts';
import { tenantChecks } from './authenticate.ts';

export interface EvaluateDeps {
  readonly find: FactReader;
  /** Whether channels of this tenant can be encrypted: whether there is a master key. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
  readonly now: () => number;
}

/** The result for one principal and one channel: the checks, the reason of a refusal, and the presence member. */
export interface Evaluation {
  readonly checks: readonly Check[];
  readonly refused?: RefusalCode;
  readonly member?: Member | undefined;
  /** The tenant of the fact, if the channel name and the principal have none. */
  readonly tenantId?: string | undefined;
}

interface Subject {
  readonly principal: Principal;
  readonly constraints: RouteConstraints;
}

/** Evaluates the rule of a channel for one principal. Throws `Unavailable`. */
export async function evaluateMatch(
  match: ChannelMatch,
  subject: Subject,
  deps: EvaluateDeps,
): Promise<Evaluation> {
  if (!formExists(match, subject.principal, deps)) {
    return { checks: [], refused: 'unknown-channel' };
  }
  return memberFitting(await evaluateType(match, subject, deps), match.channel.form);
}

/** Returns the permitted ones of matches that differ only in their form, with one evaluation. */
export async function permittedMatches(
  matches: readonly ChannelMatch[],
  subject: Subject,
  deps: EvaluateDeps,
): Promise<readonly ChannelMatch[]> {
  const existing = matches.filter((match) => formExists(match, subject.principal, deps));
  const [first] = existing;
  if (first === undefined) return [];
  const evaluation = await evaluateType(first, subject, deps);
  return existing.filter(
    ({ channel }) => memberFitting(evaluation, channel.form).refused === undefined,
  );
}

function formExists(
  { channel, params }: ChannelMatch,
  principal: Principal,
  { encrypts }: EvaluateDeps,
): boolean {
  return (
    channel.form !== 'private-encrypted' || encrypts(params['tenantId'] ?? principal.tenantId)
  );
}

/** An evaluation for all forms of a channel. */
type TypeEvaluation =
  | (Evaluation & { readonly refused: RefusalCode })
  | (Pick<Evaluation, 'checks' | 'tenantId'> & {
      readonly refused?: undefined;
      readonly memberOf: (form: ChannelForm) => Member | undefined;
    });

async function evaluateType(
  match: ChannelMatch,
  { principal, constraints }: Subject,
  deps: EvaluateDeps,
): Promise<TypeEvaluation> {
  const { channelType, params } = match;
  const constraintResults = constraintChecks(match, principal, constraints);
  const mismatch = firstFailed(constraintResults);
  // Before the fact is loaded, so that no request loads a fact of another tenant.
  if (mismatch) return { checks: constraintResults, refused: mismatch.code };

  const fact = await channelType.load?.(params, deps.find, principal);
  const rule = ruleChecks(match, principal, { fact, now: deps.now() });
  const checks = [...constraintResults, ...rule];
  const failed = firstFailed(rule);
  if (failed) return { checks, refused: failed.code };
  return {
    checks,
    memberOf: (form) => channelType.memberOf(form, principal, { params, fact }),
    tenantId: channelType.tenantOf?.(fact),
  };
}

function memberFitting(evaluation: TypeEvaluation, form: ChannelForm): Evaluation {
  if (evaluation.refused !== undefined) return evaluation;
  const member = evaluation.memberOf(form);
  const fits = check('member data is within Pusher’s limits', !member || memberFits(member));
  const checks = [...evaluation.checks, fits];
  return fits.passed
    ? { checks, member, tenantId: evaluation.tenantId }
    : { checks, refused: fits.code };
}

function constraintChecks(
  { channelType, params }: ChannelMatch,
  principal: Principal,
  constraints: RouteConstraints,
): readonly Check[] {
  const sameHotel =
    constraints.hotelSlug === undefined || params['hotelSlug'] === constraints.hotelSlug;
  return [
    check(
      'channel type accepts this kind of principal',
      channelType.kinds.includes(principal.kind),
      'wrong-kind',
    ),
    check('channel is of the hotel of the request', sameHotel, 'hotel-mismatch'),
    ...tenantChecks(constraints, principal, params['tenantId']),
  ];
}

function ruleChecks(
  { channelType, params }: ChannelMatch,
  principal: Principal,
  context: { readonly fact: unknown; readonly now: number },
): readonly Check[] {
  const checks = channelType.check(principal, params, context) ?? [];
  const factExists = channelType.load === undefined || context.fact !== undefined;
  return [
    ...checks,
    // After the checks of the rule: otherwise the response would reveal which facts exist.
    check('required fact exists', factExists, 'fact-missing'),
    // A rule without checks must not grant everything.
    check('rule has checks', checks.length > 0),
  ];
}
