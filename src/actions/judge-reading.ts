import type { Reading } from '../core/catalogue.ts';
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
}

/** Judges one principal before one channel. Throws `Unavailable` when the fact could not be loaded. */
export async function judgeReading(
  reading: Reading,
  { principal, pinned }: { readonly principal: Principal; readonly pinned: Pinned },
  ports: JudgePorts,
): Promise<Judgement> {
  const { family, channel, params } = reading;
  const tenantId = params['tenantId'] ?? tenantOf(principal);
  if (channel.form === 'private-encrypted' && !ports.encrypts(tenantId)) {
    return { checks: [], refused: 'unknown-channel' };
  }
  const agreement = agreementChecks(reading, principal, pinned);
  const disagreed = firstFailed(agreement);
  // Before anything is loaded, so that nobody makes us look into another tenant's facts.
  if (disagreed) return { checks: agreement, refused: disagreed.code };

  const fact = await family.load?.(params, ports.find);
  const rule = ruleChecks(reading, principal, { fact, now: ports.now() });
  const failed = firstFailed(rule);
  if (failed) return { checks: [...agreement, ...rule], refused: failed.code };

  const member = family.memberOf(channel.form, principal, { params, fact });
  const fits = check('what is shown of the visitor fits', !member || memberFits(member));
  const checks = [...agreement, ...rule, fits];
  return fits.passed ? { checks, member } : { checks, refused: fits.code };
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
