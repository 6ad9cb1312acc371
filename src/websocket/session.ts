import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import type { Origin } from '../audit/audit-event.ts';
import { principalKey, type Principal } from '../policy/principal.ts';
import type { ReportLimitExceeded } from '../rate-limit/limits.ts';
import type { CountMessage } from '../rate-limit/message-limit.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection, Message } from './connection.ts';
import { joinUpstream, type Traffic } from './join-upstream.ts';
import type { Opening } from '../authorize/open-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import { startRevalidation, type Revalidate, type RevalidationDeps } from './revalidation.ts';

export interface SessionDeps extends Omit<RevalidationDeps, 'log'> {
  readonly live: OpenConnections;
  /** False if a revocation matches the principal. Throws `Unavailable`. */
  readonly isStillAllowed: (principal: Principal) => Promise<boolean>;
  readonly countMessage: CountMessage;
  readonly overLimit: OverLimit;
  readonly reportLimitExceeded: ReportLimitExceeded;
  readonly measureTraffic: (tenantId: string | undefined) => Traffic;
  readonly pingIntervalMs: number;
}

/** A message over the limit closes the connection, or is dropped. */
type OverLimit = 'close' | 'drop';

/** An authorized connection. */
interface Session extends Pick<Opening, 'endpoint' | 'channel'> {
  readonly principal: Principal;
  readonly sessionId: string;
  readonly origin: Origin;
  readonly revalidate: Revalidate;
  /** The open connection to the upstream server. If it is undefined, the response to each message is an error. */
  readonly server: WebSocket | undefined;
  readonly log: FastifyBaseLogger;
}

/** More consecutive messages over the limit close the connection, also with `drop`. */
const maxDropped = 30;

/** Runs an authorized connection: message limit, upstream, revocations and revalidation. */
export function startSession(connection: Connection, session: Session, deps: SessionDeps): void {
  const { principal, sessionId, revalidate, server, log } = session;
  log.info({ sessionId }, 'WebSocket opened');
  connection.onClose(({ code }) => {
    log.info({ sessionId, code }, 'WebSocket closed');
  });
  const { endpoint, channel } = session;
  const opening = { endpoint, channel, since: deps.now() };
  const setRechecked = deps.live.add(connection, principal, opening);
  void recheckRevocations(connection, session, deps);
  const recheck: Revalidate = async () => {
    const result = await revalidate();
    if ('expiresAt' in result) setRechecked(deps.now(), result.expiresAt);
    return result;
  };
  const { expiresAt } = principal;
  startRevalidation(connection, { expiresAt, revalidate: recheck }, { ...deps, log });
  // The credential may have expired since the decision.
  if (!connection.isOpen()) return;
  const limited = createLimiter(connection, () => consumeMessage(session, deps), deps.overLimit);
  if (server === undefined) {
    connection.onMessage((message) => {
      limited(message, () => {
        connection.send({ type: 'error', error: 'No server is connected here' });
      });
    });
  } else {
    const traffic = deps.measureTraffic(principal.tenantId);
    joinUpstream(connection, server, { ...deps, next: limited, traffic });
  }
}

/** A revocation between the decision and `live.add` did not close this connection. */
async function recheckRevocations(
  connection: Connection,
  { principal, log }: Session,
  { isStillAllowed, countUnavailable }: SessionDeps,
): Promise<void> {
  try {
    if (!(await isStillAllowed(principal))) connection.close(closeCodes.accessRevoked);
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    log[isOutage ? 'warn' : 'error']({ err: error }, 'WebSocket revocation check failed');
    connection.close(isOutage ? closeCodes.unavailable : closeCodes.unhandledError);
  }
}

/** True if the message is within the limit. Messages do not wait for the report of an exceeded limit. */
function consumeMessage(
  { principal, origin, log }: Session,
  { countMessage, reportLimitExceeded }: SessionDeps,
): boolean {
  if (countMessage(principal) === 0) return true;
  const tenantId = principal.tenantId;
  const about = { origin, principalId: principal.id, ...(tenantId && { tenantId }) };
  reportLimitExceeded('messages', principalKey(principal), about).catch((error: unknown) => {
    log.warn({ err: error }, 'could not record that a limit was exceeded');
  });
  return false;
}

/** Passes messages within the limit. The client gets no error message: the upstream protocol has none for this. */
function createLimiter(
  connection: Connection,
  consume: () => boolean,
  overLimit: OverLimit,
): (message: Message, pass: (message: Message) => void) => void {
  let dropped = 0;
  return (message, pass) => {
    if (consume()) {
      dropped = 0;
      pass(message);
      return;
    }
    dropped += 1;
    if (overLimit === 'close' || dropped > maxDropped) connection.close(closeCodes.tooManyMessages);
  };
}
