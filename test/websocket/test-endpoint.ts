import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import type { RedeemTicket } from '../../src/websocket/ticket-authentication.ts';
import type { Principal } from '../../src/policy/principal.ts';
import {
  refuseTicket,
  type RedeemRefusalCode,
  type TicketHolder,
} from '../../src/authorize/tickets/ticket.ts';
import {
  createWebSocketEndpoints,
  type WebSocketEndpointsDeps,
} from '../../src/websocket/server.ts';
import {
  createOpenConnections,
  type OpenConnections,
} from '../../src/websocket/open-connections.ts';
import { createMessageLimit } from '../../src/rate-limit/message-limit.ts';
import { addTicketEndpoint, type TicketEndpointDeps } from '../../src/websocket/ticket-endpoint.ts';
import { originOf } from '../../src/http/input/auth-request.ts';
import { RequestProblem } from '../../src/http/output/problem.ts';
import { createServer } from '../../src/http/server.ts';
import { createMemoryRateLimiter } from '../../src/rate-limit/memory-limits.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';
import { openClient, type ClientSettings, type TestSocket } from '../support/web-socket.ts';

/** User 15 of tenant 1, with a credential that expires in an hour. */
export const user: Principal = {
  kind: 'user',
  id: '15',
  tenantId: '1',
  roles: ['member'],
  issuedAt: testNow,
  expiresAt: testNow + 3_600_000,
};

/** The principal of the valid ticket. */
export const holder: TicketHolder = {
  user,
  serverKey: 'chat',
  entityId: 'E-7',
  entityType: 'booking',
  providerResId: 'P-9',
  expiresAt: testNow + 3_600_000,
};

export const goodTicket = 'ws_ticket_good';

/** Redeems the one good ticket, any number of times, and refuses others for the reason they name. */
export const redeemAnything: RedeemTicket = ({ ticket }) => {
  const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
  return Promise.resolve(
    ticket === goodTicket
      ? { ...judged, outcome: 'grant', principal: holder.user, holder }
      : refuseTicket(judged, ticket as RedeemRefusalCode),
  );
};

/** `GET /ws` without the rest of Usher: the test provides all dependencies. */
export interface TestEndpoint {
  readonly address: string;
  readonly time: TestClock;
  readonly live: OpenConnections;
  /** The messages of the log. */
  readonly logged: readonly string[];
  readonly close: () => Promise<unknown>;
  /** Opens a client that has not sent anything yet. */
  readonly connect: (settings?: ClientSettings) => Promise<TestSocket>;
  /** Opens an authenticated client, with its `sessionId`. */
  readonly enter: (
    settings?: ClientSettings,
  ) => Promise<TestSocket & { readonly sessionId: string }>;
}

/** Options of a test. */
export interface TestEndpointOptions extends Partial<TicketEndpointDeps> {
  readonly mostMessages?: number;
  readonly maxMessage?: number;
}

const open: TestEndpoint[] = [];

afterEach(async () => {
  for (const endpoint of open.splice(0)) {
    const closing = endpoint.close();
    // A timer terminates a client that did not respond to the close frame.
    endpoint.time.advance(60_000);
    await closing;
  }
});

const unmeasured = () => () => undefined;

/** Starts an endpoint, which is stopped after the test. */
export async function startTestEndpoint(changes: TestEndpointOptions = {}): Promise<TestEndpoint> {
  const time = createTestClock(testNow);
  const logged: string[] = [];
  const write = (line: string): void => {
    logged.push((JSON.parse(line) as { readonly msg: string }).msg);
  };
  const server = createServer({
    logger: pino({ level: 'info' }, { write }),
    trustedProxies: [],
    writeUnreadable: () => Promise.resolve(randomUUID()),
  });
  const { mostMessages = 30, maxMessage: maxMessageBytes = 65_536, ...ports } = changes;
  const pingIntervalMs = 20_000;
  const live = createOpenConnections();
  const { now, startTimer } = time.clock;
  const countFailure = () => Promise.resolve();
  const unread: WebSocketEndpointsDeps['unread'] = ({ status, message, headers }) =>
    new RequestProblem(status, message, headers);
  const taking = { maxMessageBytes, pingIntervalMs, startTimer, unread };
  addTicketEndpoint(createWebSocketEndpoints(server, taking), {
    refusals: {},
    now,
    startTimer,
    live,
    originOf,
    pingIntervalMs,
    countMessage: createMessageLimit({
      perMinute: mostMessages,
      rates: createMemoryRateLimiter(),
      shared: undefined,
      now,
    }),
    overLimit: 'drop',
    reportLimitExceeded: () => Promise.resolve(),
    countUnavailable: () => undefined,
    measureTraffic: () => ({ fromClient: unmeasured, toClient: unmeasured }),
    countConnection: () => Promise.resolve(() => Promise.resolve()),
    countFailure,
    recheckIntervalMs: 15_000,
    checkTicket: changes.redeemTicket ?? redeemAnything,
    redeemTicket: redeemAnything,
    isStillAllowed: () => Promise.resolve(true),
    newId: randomUUID,
    chatServer: undefined,
    preserveHost: true,
    maxUpstreamMessage: undefined,
    ...ports,
  });
  server.post('/echo', (request) => ({ body: request.body }));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const connect = (settings?: ClientSettings) => openClient(address, '/ws', settings);
  const endpoint: TestEndpoint = {
    address,
    time,
    live,
    logged,
    connect,
    close: () => server.close(),
    enter: async (settings) => {
      const client = await connect(settings);
      client.socket.send(ticketMessage(goodTicket));
      const { sessionId } = (await client.nextJson()) as { readonly sessionId: string };
      return { ...client, sessionId };
    },
  };
  open.push(endpoint);
  return endpoint;
}

/** The first message of the chat page. */
export function ticketMessage(ticket: unknown): string {
  const clientInfo = { userAgent: 'test', timestamp: '2025-06-01T12:00:00Z' };
  return JSON.stringify({ type: 'ticket_authenticate', ticket, clientInfo });
}

/** Waits until the condition holds, and checks it whenever the event loop is idle. Throws if it does not hold within 20 seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('The condition was not met');
}

/** Waits until the server has received everything that this client sent, including its responses to pings. */
export async function settle({ socket }: TestSocket): Promise<void> {
  // The first pong comes after the server's own ping, the second after the server has received our pong to it.
  for (let i = 0; i < 2; i += 1) {
    const responded = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await responded;
  }
}
