import type { Reading } from '../core/catalogue.ts';
import type { ChannelForm } from '../core/channel-name.ts';
import { check, firstFailed, type Check, type Member, type RefusalCode } from '../core/decision.ts';
import type { Find } from '../core/facts.ts';
import { memberFits } from '../core/member.ts';
import { tenantOf, type Principal } from '../core/principal.ts';
import type { Pinned } from '../core/question.ts';
import { tenantChecks } from './establish-principal.ts';

/** Whom the judgement asks. */
export interface JudgePorts {
  readonly find: Find;
  /** Whether channels of this tenant can be encrypted: whether there is a master key. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
  readonly now: () => number;
}

/** Whether a principal may enter a channel: the checks, why not, and what is shown of them. */
export interface Judgement {
  readonly checks: readonly Check[];
  readonly refused?: RefusalCode;
  readonly member?: Member | undefined;
  /** The tenant of the fact, where the channel's name and the principal have none. */
  readonly tenantId?: string | undefined;
}

interface Asking {
  readonly principal: Principal;
  readonly pinned: Pinned;
}

/** Judges one principal before one channel. Throws `Unavailable` when the fact could not be loaded. */
export async function judgeReading(
  reading: Reading,
  asking: Asking,
  ports: JudgePorts,
): Promise<Judgement> {
  if (!formExists(reading, asking.principal, ports)) {
    return { checks: [], refused: 'unknown-channel' };
  }
  return memberFitting(await judgeFamily(reading, asking, ports), reading.channel.form);
}

/** Which of these readings of one family with the same parameters may be entered: judged once, whatever their forms. */
export async function admittedOf(
  readings: readonly Reading[],
  asking: Asking,
  ports: JudgePorts,
): Promise<readonly Reading[]> {
  const existing = readings.filter((reading) => formExists(reading, asking.principal, ports));
  const [first] = existing;
  if (first === undefined) return [];
  const judged = await judgeFamily(first, asking, ports);
  return existing.filter(
    ({ channel }) => memberFitting(judged, channel.form).refused === undefined,
  );
}

function formExists(
  { channel, params }: Reading,
  principal: Principal,
  { encrypts }: JudgePorts,
): boolean {
  return (
    channel.form !== 'private-encrypted' || encrypts(params['tenantId'] ?? tenantOf(principal))
  );
}

/** What holds for every form of a channel. */
type FamilyJudgement =
  | (Judgement & { readonly refused: RefusalCode })
  | (Pick<Judgement, 'checks' | 'tenantId'> & {
      readonly refused?: undefined;
      readonly memberOf: (form: ChannelForm) => Member | undefined;
    });

async function judgeFamily(
  reading: Reading,
  { principal, pinned }: Asking,
  ports: JudgePorts,
): Promise<FamilyJudgement> {
  const { family, params } = reading;
  const agreement = agreementChecks(reading, principal, pinned);
  const disagreed = firstFailed(agreement);
  // Before anything is loaded, so that nobody makes us look into another tenant's facts.
  if (disagreed) return { checks: agreement, refused: disagreed.code };

  const fact = await family.load?.(params, ports.find, principal);
  const rule = ruleChecks(reading, principal, { fact, now: ports.now() });
  const checks = [...agreement, ...rule];
  const failed = firstFailed(rule);
  if (failed) return { checks, refused: failed.code };
  return {
    checks,
    memberOf: (form) => family.memberOf(form, principal, { params, fact }),
    tenantId: family.tenantOf?.(fact),
  };
}

function memberFitting(judged: FamilyJudgement, form: ChannelForm): Judgement {
  if (judged.refused !== undefined) return judged;
  const member = judged.memberOf(form);
  const fits = check('what is shown of the visitor fits', !member || memberFits(member));
  const checks = [...judged.checks, fits];
  return fits.passed
    ? { checks, member, tenantId: judged.tenantId }
    : { checks, refused: fits.code };
}

function agreementChecks(
  { family, params }: Reading,
  principal: Principal,
  pinned: Pinned,
): readonly Check[] {
  const sameHotel = pinned.hotelSlug === undefined || params['hotelSlug'] === pinned.hotelSlug;
  return [
    check(
      'family admits this kind of visitor',
      family.kinds.includes(principal.kind),
      'wrong-kind',
    ),
    check('channel is of the hotel of the request', sameHotel, 'hotel-mismatch'),
    ...tenantChecks(pinned, principal, params['tenantId']),
  ];
}

function ruleChecks(
  { family, params }: Reading,
  principal: Principal,
  given: { readonly fact: unknown; readonly now: number },
): readonly Check[] {
  const checks = family.judge(principal, params, given) ?? [];
  const factIsThere = family.load === undefined || given.fact !== undefined;
  return [
    ...checks,
    // After the rule's own checks: else the answer would tell a stranger which facts exist.
    check('what the rule needs exists', factIsThere, 'fact-missing'),
    // A rule that asks nothing must not let everybody in.
    check('rule has checks', checks.length > 0),
  ];
}
