import type { RecordDecision } from '../core/audit-event.ts';
import type { Catalogue, Reading } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import {
  check,
  firstFailed,
  refuse,
  type Check,
  type Decision,
  type Judged,
} from '../core/decision.ts';
import type { Find } from '../core/facts.ts';
import { memberFits } from '../core/member.ts';
import { tenantOf, type Principal } from '../core/principal.ts';
import type { Pinned, Question } from '../core/question.ts';
import { parseSocketId } from '../core/socket-id.ts';
import {
  establishPrincipal,
  ofTenant,
  tenantChecks,
  type EstablishPorts,
} from './establish-principal.ts';

/** Whom this action asks. */
export interface AuthorizeChannelPorts extends EstablishPorts {
  readonly catalogue: Catalogue;
  readonly find: Find;
  /** Whether channels of this tenant can be encrypted: whether there is a master key. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
  readonly record: RecordDecision;
  readonly now: () => number;
  readonly newId: () => string;
}

/** May this socket enter this channel? Throws `Unavailable` when that could not be found out. */
export type AuthorizeChannel = (question: Question) => Promise<Decision>;

/** The one place where channels are granted; every door asks it, and every decision is recorded before it leaves. */
export function createAuthorizeChannel(ports: AuthorizeChannelPorts): AuthorizeChannel {
  return async (question) => {
    const decision = await decide(question, ports);
    await ports.record(decision, question.origin);
    return decision;
  };
}

async function decide(question: Question, ports: AuthorizeChannelPorts): Promise<Decision> {
  const unread: Judged = { id: ports.newId(), action: 'subscribe', checks: [] };
  const socketId = parseSocketId(question.socketId);
  if (socketId === undefined) return refuse(unread, 'malformed-socket-id');
  const channel = parseChannelName(question.channelName);
  if (channel === undefined) return refuse({ ...unread, socketId }, 'malformed-channel');

  const reading = ports.catalogue.read(channel);
  if (typeof reading === 'string') {
    return refuse({ ...unread, socketId, channel }, `${reading}-channel`);
  }
  const { params } = reading;
  const family = reading.family.pattern.text;
  const read = { ...unread, socketId, channel, family, ...ofTenant(params['tenantId']) };

  const established = await establishPrincipal(question.credentials, ports);
  if ('code' in established) return refuse({ ...established.known, ...read }, established.code);
  const { principal } = established;
  const known = { ...read, principal, ...ofTenant(params['tenantId'] ?? tenantOf(principal)) };

  if (channel.form === 'private-encrypted' && !ports.encrypts(known.tenantId)) {
    return refuse(known, 'unknown-channel');
  }

  const agreement = agreementChecks(reading, principal, question.pinned);
  const disagreed = firstFailed(agreement);
  // Before anything is loaded, so that nobody makes us look into another tenant's facts.
  if (disagreed) return refuse({ ...known, checks: agreement }, disagreed.code);

  const fact = await reading.family.load?.(params, ports.find);
  const rule = ruleChecks(reading, principal, { fact, now: ports.now() });
  const judged = { ...known, checks: [...agreement, ...rule] };
  const failed = firstFailed(rule);
  if (failed) return refuse(judged, failed.code);

  const member = reading.family.memberOf(channel.form, principal, { params, fact });
  const fits = check('what is shown of the visitor fits', !member || memberFits(member));
  const checks = [...judged.checks, fits];
  if (!fits.passed) return refuse({ ...judged, checks }, fits.code);
  return { ...judged, checks, outcome: 'grant', action: 'subscribe', ...(member && { member }) };
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
