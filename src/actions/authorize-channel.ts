import type { RecordDecision } from '../core/audit-event.ts';
import type { Catalogue } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import { refuse, type Decision, type Judged } from '../core/decision.ts';
import type { Memory } from '../core/memory.ts';
import { tenantOf } from '../core/principal.ts';
import type { Question } from '../core/question.ts';
import { parseSocketId } from '../core/socket-id.ts';
import { countOnce, withinLimits, type CountGrant } from './count-grant.ts';
import {
  establishPrincipal,
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
  /** Facts and revocations as they are remembered, where they may be; the ports of the same names ask. */
  readonly memory?: Memory;
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
  const authorize = createAuthorize(ports);
  return (question) => authorize(question, establishOnce(question.credentials));
}

/** Finds out who asks by these ports; called only when the name of the channel means something. */
export type Establish = (ports: EstablishPorts) => Promise<Established>;

/** Finds it out once by the same ports, for all channels of a question: from memory, and by asking where that was outdated. */
export function establishOnce(credentials: Question['credentials']): Establish {
  const found = new Map<EstablishPorts, Promise<Established>>();
  return (ports) => {
    const established = found.get(ports) ?? establishPrincipal(credentials, ports);
    found.set(ports, established);
    return established;
  };
}

/** Authorizes one channel for whoever `establish` finds: what one question and a batch of them have in common. */
export function createAuthorize(
  ports: AuthorizeChannelPorts,
): (question: Question, establish: Establish) => Promise<Decision> {
  const { memory, countGrant, hold, record } = ports;
  const remembering = memory && { ...ports, ...memory };

  const settle = async (
    question: Question,
    { establish, count }: { readonly establish: Establish; readonly count: CountGrant },
    by: DecidePorts,
  ) => {
    const counted = await withinLimits(await decide(question, establish, by), {
      count: (grant) => count(grant, question.origin),
      decideAgain: () => decideAfresh(question, ports),
    });
    return hold(counted, by.revocations);
  };

  return async (question, establish) => {
    const asOf = memory?.version();
    const once = { establish, count: countOnce(countGrant) };
    if (remembering !== undefined && asOf !== undefined) {
      const decision = await settle(question, once, remembering);
      if (await record(decision, question.origin, asOf)) return decision;
    }
    // Nothing is remembered, or something has changed since.
    const decision = await settle(question, once, ports);
    await record(decision, question.origin);
    return decision;
  };
}

type DecidePorts = Omit<AuthorizeChannelPorts, 'hold' | 'record' | 'countGrant' | 'memory'>;

function decideAfresh(question: Question, ports: DecidePorts): Promise<Decision> {
  return decide(question, establishOnce(question.credentials), ports);
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
  const { denied, pattern } = reading.family;
  const read = { socketId, channel, family: pattern.text, denied };
  const namedTenant = reading.params['tenantId'];

  const established = await establish(ports);
  if ('code' in established) {
    const { known, code } = established;
    const tenantId = namedTenant ?? known.tenantId;
    return refuse({ ...unread, ...known, ...read, tenantId }, code);
  }
  const { principal } = established;
  const { checks, refused, member, ...judged } = await judgeReading(
    reading,
    { principal, pinned: question.pinned },
    ports,
  );
  const tenantId = namedTenant ?? tenantOf(principal) ?? judged.tenantId;
  if (refused !== undefined) {
    return refuse({ ...unread, ...read, tenantId, principal, checks }, refused);
  }
  const { id } = unread;
  return {
    id,
    action: 'subscribe',
    outcome: 'grant',
    ...read,
    tenantId,
    principal,
    checks,
    member,
  };
}
