import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import type { Origin } from '../audit/audit-event.ts';
import { principalId, principalKey, tenantOf, type Principal } from '../policy/principal.ts';
import type { ReportLimitExceeded } from '../rate-limit/limits.ts';
import type { CountMessage } from '../rate-limit/message-limit.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection, Message } from './connection.ts';
import { joinUpstream, type Traffic } from './join-upstream.ts';
import type { OpenConnections } from './open-connections.ts';
import { startRevalidation, type Revalidate, type RevalidationDeps } from './revalidation.ts';

/** What every admitted connection needs. */
export interface SessionDeps extends Omit<RevalidationDeps, 'log'> {
  readonly live: OpenConnections;
  /** Whether the credential has not been revoked. Throws `Unavailable`. */
  readonly isStillAllowed: (principal: Principal) => Promise<boolean>;
  readonly countMessage: CountMessage;
  readonly overLimit: OverLimit;
  readonly reportExcess: ReportLimitExceeded;
  readonly measureTraffic: (tenantId: string | undefined) => Traffic;
  /** Milliseconds between two pings. */
  readonly pingIntervalMs: number;
}

/** What becomes of a message beyond the limit: it ends the connection, or is dropped. */
export type OverLimit = 'close' | 'drop';

/** Somebody who may come in. */
export interface SessionOptions {
  readonly principal: Principal;
  readonly sessionId: string;
  /** Where it came from. */
  readonly origin: Origin;
  readonly recheck: Revalidate;
  /** The open connection to the server behind; without one, every message is answered with an error. */
  readonly server: WebSocket | undefined;
  readonly log: FastifyBaseLogger;
}

/** So many messages in a row beyond the limit end the connection, also where they are dropped. */
const maxDropped = 30;

/** Keeps an authorized connection: joined with the server behind, within the message limit, until access ends. */
export function startSession(
  connection: Connection,
  session: SessionOptions,
  deps: SessionDeps,
): void {
  const { principal, sessionId, recheck: revalidate, server, log } = session;
  log.info({ sessionId }, 'WebSocket opened');
  connection.onClose(({ code }) => {
    log.info({ sessionId, code }, 'WebSocket ended');
  });
  deps.live.add(connection, principal);
  void recheckRevocations(connection, session, deps);
  startRevalidation(connection, { expiresAt: principal.expiresAt, revalidate }, { ...deps, log });
  // The credential may have ended meanwhile.
  if (!connection.isOpen()) return;
  const limited = createLimiter(connection, () => waitMsFor(session, deps), deps.overLimit);
  if (server === undefined) {
    connection.onMessage((message) => {
      limited(message, () => {
        connection.send({ type: 'error', error: 'No server is connected here' });
      });
    });
  } else {
    const traffic = deps.measureTraffic(tenantOf(principal));
    joinUpstream(connection, server, { ...deps, next: limited, traffic });
  }
}

/** A revocation may have come between the judgement and this connection's being among those whom it ends. */
async function recheckRevocations(
  connection: Connection,
  { principal, log }: SessionOptions,
  { isStillAllowed, countUnavailable }: SessionDeps,
): Promise<void> {
  try {
    if (!(await isStillAllowed(principal))) connection.close(closeCodes.accessEnded);
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    log[isOutage ? 'warn' : 'error']({ err: error }, 'could not ask whether a WebSocket may stay');
    connection.close(isOutage ? closeCodes.unavailable : closeCodes.unhandledError);
  }
}

/** Counts one message; that there was one too many is told beside, and nobody waits for the telling. */
function waitMsFor(
  { principal, origin, log }: SessionOptions,
  { countMessage, reportExcess }: SessionDeps,
): number {
  const waitMs = countMessage(principal);
  if (waitMs > 0) {
    const tenantId = tenantOf(principal);
    const about = { origin, principalId: principalId(principal), ...(tenantId && { tenantId }) };
    reportExcess('messages', principalKey(principal), about).catch((error: unknown) => {
      log.warn({ err: error }, 'could not record that a limit was exceeded');
    });
  }
  return waitMs;
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
    if (overLimit === 'close' || dropped > maxDropped) connection.close(closeCodes.tooManyMessages);
  };
}
