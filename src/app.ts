import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino, type Logger } from 'pino';
import { createAuthenticateUser } from './actions/authenticate-user.ts';
import { createAuthorizeChannel } from './actions/authorize-channel.ts';
import { createIssueTicket } from './actions/issue-ticket.ts';
import { createRedeemTicket } from './actions/redeem-ticket.ts';
import { createRevoke } from './actions/revoke.ts';
import { createRecorder } from './audit/record.ts';
import { catalogue } from './channels/index.ts';
import { openStorage, type Storage } from './app-storage.ts';
import { buildIdentify, cookieModeOf } from './app-identify.ts';
import type { Config } from './config/load.ts';
import type { TicketStore } from './core/ticket.ts';
import { createChatServers } from './credentials/chat-servers.ts';
import { putDemo } from './demo.ts';
import { addChannelAuth } from './http/channel-auth.ts';
import { addGuestChatAuth } from './http/guest-chat-auth.ts';
import { addIssueTicket } from './http/issue-ticket.ts';
import { createFailureLimit } from './http/limits.ts';
import { addProbes, guardOperator } from './http/operator.ts';
import { addRedeemTicket } from './http/redeem-ticket.ts';
import { addResources } from './http/resources.ts';
import { addRevocations } from './http/revocations.ts';
import { createPresent } from './http/present.ts';
import { createServer, openToBrowsers } from './http/server.ts';
import { addUserAuth } from './http/user-auth.ts';
import { createPusherApps } from './pusher/apps.ts';
import { createUserSigner } from './pusher/sign-user.ts';
import { createSigner } from './pusher/sign.ts';
import { createAuditTrail } from './resources/audit-trail.ts';
import { createBookings } from './resources/bookings.ts';
import { createEscrows } from './resources/escrows.ts';
import { createOrders } from './resources/orders.ts';
import { createRevocations } from './resources/revocations.ts';
import { createRooms } from './resources/rooms.ts';
import { createTickets } from './resources/tickets.ts';
import { createRedisTickets } from './stores/redis-tickets.ts';
import { startSweeping } from './sweeping.ts';

/** Where the two listeners are, as URLs without a path. */
export interface Addresses {
  readonly public: string;
  readonly operator: string;
}

/** A running Usher. */
export interface App {
  readonly addresses: Addresses;
  readonly log: Logger;
  /** Answers what was asked, for at most ten seconds, then ends everything. */
  stop(): Promise<void>;
}

/** How long open requests may take once we close, in milliseconds. */
const drainTime = 10_000;

/** Builds everything and listens. Throws when a dependency cannot be had, with nothing left running. */
export async function startApp(config: Config, now: () => number): Promise<App> {
  const log = pino({
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const storage = await openStorage(config, log);
  try {
    const servers = await buildServers(config, { ...storage, log, now });
    const addresses = {
      public: await listen(servers.public, config.listen),
      operator: await listen(servers.operator, config.operator),
    };
    log.info({ ...addresses }, 'listening');
    const sweeping = startSweeping({ sweep: servers.sweep, now, log });
    const stop = async () => {
      await close(servers);
      await sweeping.stop();
      await storage.close();
    };
    return { addresses, log, stop };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

interface Servers {
  readonly public: FastifyInstance;
  readonly operator: FastifyInstance;
  readonly sweep: TicketStore['sweep'];
  readonly closing: { started: boolean };
}

interface Surroundings extends Pick<Storage, 'database' | 'redis'> {
  readonly log: Logger;
  readonly now: () => number;
}

async function buildServers(config: Config, around: Surroundings): Promise<Servers> {
  const { database, redis, log, now } = around;
  const stores = {
    bookings: createBookings(database),
    escrows: createEscrows(database),
    rooms: createRooms(database),
    orders: createOrders(database),
  };
  if (!config.production) await putDemo(stores);

  const apps = createPusherApps(config.pusher);
  const signer = createSigner(apps);
  const { identify, closeHosts } = buildIdentify(config, now);
  const record = createRecorder({
    trail: createAuditTrail(database),
    log: (event) => {
      log.info({ decision: event }, event.outcome === 'grant' ? 'granted' : 'refused');
    },
    now,
  });
  const find = {
    booking: stores.bookings.find,
    escrow: stores.escrows.find,
    room: stores.rooms.find,
    order: stores.orders.find,
  };
  const revocations = createRevocations(database);
  const asked = { identify, revocations, record, newId: randomUUID };
  const authorizeChannel = createAuthorizeChannel({
    ...asked,
    catalogue,
    find,
    encrypts: signer.encrypts,
    now,
  });
  const authenticateUser = createAuthenticateUser(asked);
  const tickets = redis ? createRedisTickets(redis, now) : createTickets(database);
  const { lifetime } = config.tickets;
  const chatServers = createChatServers(config.tickets.chatServers);
  const ticketing = { ...asked, chatServers, tickets, now };
  const issueTicket = createIssueTicket({ ...ticketing, randomBytes, lifetime });
  const redeemTicket = createRedeemTicket(ticketing);

  const settings = { logger: log, trustedProxies: config.trustedProxies };
  const open = createServer(settings);
  open.addHook('onClose', closeHosts);
  const cookieMode = cookieModeOf(config);
  await openToBrowsers(open, { allowedOrigins: config.allowedOrigins, cookieMode });
  const present = createPresent(cookieMode);
  const countFailure = createFailureLimit(open, config.limits.failures);
  addChannelAuth(open, { authorizeChannel, sign: signer.sign, present, countFailure });
  addGuestChatAuth(open, { authorizeChannel, sign: signer.sign, countFailure });
  addUserAuth(open, { authenticateUser, signUser: createUserSigner(apps), present, countFailure });
  addIssueTicket(open, { issueTicket, countFailure });
  addRedeemTicket(open, { redeemTicket, countFailure });

  const closing = { started: false };
  const operator = createServer(settings);
  guardOperator(operator, config.operator.token);
  addProbes(operator, [database.ping, ...(redis ? [redis.ping] : [])], () => closing.started);
  addResources(operator, stores);
  addRevocations(operator, { revoke: createRevoke({ revocations }), now });
  return { public: open, operator, sweep: tickets.sweep, closing };
}

async function listen(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  await server.listen({ host, port });
  // Bound to an address and a port, so it is not the path of a socket.
  const bound = server.server.address() as AddressInfo;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound.port}`;
}

async function close(servers: Servers): Promise<void> {
  servers.closing.started = true;
  const late = setTimeout(() => {
    servers.public.server.closeAllConnections();
  }, drainTime);
  await servers.public.close();
  clearTimeout(late);
  await servers.operator.close();
}
