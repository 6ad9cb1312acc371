import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import type { Origin } from '../audit/audit-event.ts';
import { principalId, principalKey, tenantOf, type Principal } from '../policy/principal.ts';
import type { ReportExcess } from '../rate-limit/limits.ts';
import type { CountMessage } from '../rate-limit/message-limit.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { endings } from './close-codes.ts';
import type { Connection, Message } from './connection.ts';
import { joinUpstream, type Traffic } from './join-upstream.ts';
import type { LiveConnections } from './open-connections.ts';
import { keepWatch, type Recheck, type WatchPorts } from './revalidation.ts';

/** What every admitted connection needs. */
export interface AdmitPorts extends Omit<WatchPorts, 'log'> {
  readonly live: LiveConnections;
  /** Whether the credential has not been revoked. Throws `Unavailable`. */
  readonly isStillAllowed: (principal: Principal) => Promise<boolean>;
  readonly countMessage: CountMessage;
  readonly overLimit: OverLimit;
  readonly reportExcess: ReportExcess;
  readonly measureTraffic: (tenantId: string | undefined) => Traffic;
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
}

/** What becomes of a message beyond the limit: it ends the connection, or is dropped. */
export type OverLimit = 'close' | 'drop';

/** Somebody who may come in. */
export interface Admission {
  readonly principal: Principal;
  readonly sessionId: string;
  /** Where it came from. */
  readonly origin: Origin;
  readonly recheck: Recheck;
  /** The open connection to the server behind; without one, every message is answered with an error. */
  readonly server: WebSocket | undefined;
  readonly log: FastifyBaseLogger;
}

/** So many messages in a row beyond the limit end the connection, also where they are dropped. */
const mostDropped = 30;

/** Keeps an authorized connection: joined with the server behind, within the message limit, until access ends. */
export function admit(connection: Connection, admission: Admission, ports: AdmitPorts): void {
  const { principal, sessionId, recheck, server, log } = admission;
  log.info({ sessionId }, 'WebSocket opened');
  connection.onEnd(({ code }) => {
    log.info({ sessionId, code }, 'WebSocket ended');
  });
  ports.live.add(connection, principal);
  void askOnceMore(connection, admission, ports);
  keepWatch(connection, { expiresAt: principal.expiresAt, recheck }, { ...ports, log });
  // The credential may have ended meanwhile.
  if (!connection.isOpen()) return;
  const limited = createLimiter(connection, () => countFor(admission, ports), ports.overLimit);
  if (server === undefined) {
    connection.receive((message) => {
      limited(message, () => {
        connection.send({ type: 'error', error: 'No server is connected here' });
      });
    });
  } else {
    const traffic = ports.measureTraffic(tenantOf(principal));
    joinUpstream(connection, server, { ...ports, next: limited, traffic });
  }
}

/** A revocation may have come between the judgement and this connection's being among those whom it ends. */
async function askOnceMore(
  connection: Connection,
  { principal, log }: Admission,
  { isStillAllowed, countUnavailable }: AdmitPorts,
): Promise<void> {
  try {
    if (!(await isStillAllowed(principal))) connection.end(endings.accessEnded);
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    log[isOutage ? 'warn' : 'error']({ err: error }, 'could not ask whether a WebSocket may stay');
    connection.end(isOutage ? endings.unavailable : endings.bug);
  }
}

/** Counts one message; that there was one too many is told beside, and nobody waits for the telling. */
function countFor(
  { principal, origin, log }: Admission,
  { countMessage, reportExcess }: AdmitPorts,
): number {
  const wait = countMessage(principal);
  if (wait > 0) {
    const tenantId = tenantOf(principal);
    const about = { origin, principalId: principalId(principal), ...(tenantId && { tenantId }) };
    reportExcess('messages', principalKey(principal), about).catch((error: unknown) => {
      log.warn({ err: error }, 'could not record that a limit was exceeded');
    });
  }
  return wait;
}

/**
 * Passes messages within the limit. Usher sends the client no message about the others: the protocol of the server behind
 * has no such message.
 */
function createLimiter(
  connection: Connection,
  count: () => number,
  overLimit: OverLimit,
): (message: Message, pass: (message: Message) => void) => void {
  let dropped = 0;
  return (message, pass) => {
    if (count() === 0) {
      dropped = 0;
      pass(message);
      return;
    }
    dropped += 1;
    if (overLimit === 'close' || dropped > mostDropped) connection.end(endings.tooManyMessages);
  };
}
