import type { Secret } from '../core/secret.ts';
import { loadTickets, type TicketConfig } from './chat-servers.ts';
import { isLoopback } from './network.ts';
import { loadPusher, type PusherConfig } from './pusher.ts';
import { createSettingsReader, type Environment, type SettingsReader } from './read.ts';
import { loadSanctum, loadSessions, type SanctumConfig, type SessionConfig } from './sessions.ts';
import { loadTokens, type TokenConfig } from './tokens.ts';
import { loadTracing, type TracingConfig } from './tracing.ts';
import { loadWebSockets, type WebSocketConfig } from './web-sockets.ts';

/** The configuration, read and checked. */
export interface Config extends PusherConfig {
  readonly production: boolean;
  readonly logLevel: string;
  readonly listen: Listener;
  readonly operator: Listener & { readonly token: Secret | undefined };
  readonly database: { readonly url: Secret } | { readonly dataDir: string };
  readonly redis: Secret | undefined;
  readonly guestTokens: TokenConfig & {
    readonly bookingClaim: string;
    readonly hotelClaim: string;
  };
  /** `maxAge` in milliseconds. */
  readonly userTokens: TokenConfig & { readonly maxAge: number };
  readonly sanctum: SanctumConfig | undefined;
  readonly sessions: SessionConfig | undefined;
  readonly tickets: TicketConfig;
  readonly webSockets: WebSocketConfig;
  /** How long a guest session of ours lives, in milliseconds. */
  readonly guestSessionLifetime: number;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly audit: 'strict' | 'buffered';
  /** How long everybody is still answered once we close, in milliseconds. */
  readonly shutdownNotice: number;
  readonly limits: LimitConfig;
  readonly tracing: TracingConfig | undefined;
}

/** What is limited: how many a minute, but for `subscriptions`, which are how many a connection. */
interface LimitConfig {
  readonly connections: number;
  readonly failures: number;
  readonly authorizations: number;
  readonly subscriptions: number;
  readonly messages: number;
}

interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Thrown with every problem of the configuration at once; it names settings and never values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration has problems:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
  }
}

/** Reads and checks the whole configuration; throws `ConfigurationError` with all its problems. */
export function loadConfig(env: Environment): Config {
  const production = env['NODE_ENV'] === 'production';
  const read = createSettingsReader(env, production);
  read.required('NODE_ENV');
  const allowedOrigins = read.optional('ALLOWED_ORIGINS') ?? [];
  const sessions = loadSessions(read, allowedOrigins);
  const config: Config = {
    production,
    logLevel: read.required('LOG_LEVEL'),
    listen: { host: read.required('HOST'), port: read.required('PORT') },
    operator: loadOperator(read),
    database: loadDatabase(read),
    redis: read.optional('REDIS_URL'),
    ...loadPusher(read),
    guestTokens: {
      ...loadTokens('GUEST', read),
      bookingClaim: read.required('GUEST_TOKEN_BOOKING_CLAIM'),
      hotelClaim: read.required('GUEST_TOKEN_HOTEL_CLAIM'),
    },
    userTokens: { ...loadTokens('USER', read), maxAge: read.required('USER_TOKEN_MAX_AGE') },
    sanctum: loadSanctum(read),
    sessions,
    tickets: loadTickets(read),
    webSockets: loadWebSockets(read, sessions),
    guestSessionLifetime: read.required('GUEST_SESSION_TTL'),
    allowedOrigins,
    trustedProxies: read.optional('TRUSTED_PROXIES') ?? [],
    audit: read.required('AUDIT'),
    shutdownNotice: read.required('SHUTDOWN_NOTICE'),
    limits: {
      connections: read.required('RATE_LIMIT_CONNECTIONS'),
      failures: read.required('RATE_LIMIT_FAILURES'),
      authorizations: read.required('RATE_LIMIT_AUTHORIZATIONS'),
      subscriptions: read.required('RATE_LIMIT_SUBSCRIPTIONS'),
      messages: read.required('RATE_LIMIT_MESSAGES'),
    },
    tracing: loadTracing(read),
  };
  const secretOf = (keys: TokenConfig['keys']) => ('secret' in keys ? keys.secret.reveal() : '');
  const guests = secretOf(config.guestTokens.keys);
  // Two that are missing are the same as well, and already told of.
  if (guests !== '' && guests === secretOf(config.userTokens.keys)) {
    read.problem('GUEST_TOKEN_SECRET and USER_TOKEN_SECRET must not be the same');
  }
  if (isOneListener(config.listen, config.operator)) {
    read.problem('PORT and OPS_PORT must not be the same');
  }
  if (read.problems.length > 0) throw new ConfigurationError(read.problems);
  return config;
}

/** Whether the second of two listeners would find its port taken by the first. Port 0 is any free one. */
function isOneListener(one: Listener, other: Listener): boolean {
  const hosts = [one.host, other.host];
  const shared = one.host === other.host || hosts.some((host) => ['0.0.0.0', '::'].includes(host));
  return one.port === other.port && one.port !== 0 && shared;
}

function loadOperator(read: SettingsReader): Config['operator'] {
  const host = read.required('OPS_HOST');
  const token = read.optional('OPS_TOKEN');
  if (token === undefined && !isLoopback(host)) {
    read.problem('OPS_TOKEN must be set when OPS_HOST is not a loopback address');
  }
  if (token !== undefined && token.reveal().length < 16) {
    read.problem('OPS_TOKEN must have 16 characters at least');
  }
  return { host, port: read.required('OPS_PORT'), token };
}

function loadDatabase(read: SettingsReader): Config['database'] {
  const url = read.optional('DATABASE_URL');
  return url === undefined ? { dataDir: read.required('DATA_DIR') } : { url };
}
