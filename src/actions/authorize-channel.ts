import type { RecordDecision } from '../core/audit-event.ts';
import type { Catalogue } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import { refuse, type Decision, type Judged } from '../core/decision.ts';
import { tenantOf } from '../core/principal.ts';
import type { Question } from '../core/question.ts';
import { parseSocketId } from '../core/socket-id.ts';
import { withinLimits, type CountGrant } from './count-grant.ts';
import {
  establishPrincipal,
  ofTenant,
  type Established,
  type EstablishPorts,
} from './establish-principal.ts';
import type { HoldGrant } from './hold-grant.ts';
import { judgeReading, type JudgePorts } from './judge-reading.ts';

/** Whom this action asks. */
export interface AuthorizeChannelPorts extends EstablishPorts, JudgePorts {
  readonly catalogue: Catalogue;
  /** Makes sure that what was granted can be ended. */
  readonly hold: HoldGrant;
  readonly record: RecordDecision;
  readonly countGrant: CountGrant;
  readonly newId: () => string;
}

/** May this socket enter this channel? Throws `Unavailable` when that could not be found out. */
export type AuthorizeChannel = (question: Question) => Promise<Decision>;

/** The same decision without a record: for asking again about what was granted, and for explaining. */
export function createDecideChannel(ports: DecidePorts): AuthorizeChannel {
  return (question) => decideAfresh(question, ports);
}

/** The one place where channels are granted; every door asks it, and every decision is recorded before it leaves. */
export function createAuthorizeChannel(ports: AuthorizeChannelPorts): AuthorizeChannel {
  return (question) =>
    authorizeWith(question, () => establishPrincipal(question.credentials, ports), ports);
}

/** Finds out who asks; called only when the name of the channel means something. */
export type Establish = () => Promise<Established>;

/** Authorizes one channel for whoever `establish` finds: what one question and a batch of them have in common. */
export async function authorizeWith(
  question: Question,
  establish: Establish,
  ports: AuthorizeChannelPorts,
): Promise<Decision> {
  const counted = await withinLimits(await decide(question, establish, ports), {
    count: (grant) => ports.countGrant(grant, question.origin),
    decideAgain: () => decideAfresh(question, ports),
  });
  const decision = await ports.hold(counted);
  await ports.record(decision, question.origin);
  return decision;
}

type DecidePorts = Omit<AuthorizeChannelPorts, 'hold' | 'record' | 'countGrant'>;

function decideAfresh(question: Question, ports: DecidePorts): Promise<Decision> {
  return decide(question, () => establishPrincipal(question.credentials, ports), ports);
}

async function decide(
  question: Question,
  establish: Establish,
  ports: DecidePorts,
): Promise<Decision> {
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
  const { denied, pattern } = reading.family;
  const read = {
    ...unread,
    socketId,
    channel,
    family: pattern.text,
    ...ofTenant(params['tenantId']),
    ...(denied !== undefined && { denied }),
  };

  const established = await establish();
  if ('code' in established) return refuse({ ...established.known, ...read }, established.code);
  const { principal } = established;
  const known = { ...read, principal, ...ofTenant(params['tenantId'] ?? tenantOf(principal)) };

  const { checks, refused, member } = await judgeReading(
    reading,
    { principal, pinned: question.pinned },
    ports,
  );
  const judged = { ...known, checks };
  if (refused !== undefined) return refuse(judged, refused);
  return { ...judged, outcome: 'grant', action: 'subscribe', ...(member && { member }) };
}
