import { loadDatabase, type DatabaseConfig } from './database.ts';
import type { SigningStyle } from '../pusher/pusher-app.ts';
import type { RenewableSecret, Secret } from '../runtime/secret.ts';
import { loadTickets, type TicketConfig } from './chat-servers.ts';
import { findMisspelt, formatMisspelt, type Misspelt } from './misspelt.ts';
import {
  loadPassport,
  loadSanctum,
  type PassportConfig,
  type SanctumConfig,
} from './laravel-tokens.ts';
import { loadOperator, type OperatorConfig } from './operator.ts';
import { loadPusher, type PusherConfig } from './pusher.ts';
import {
  createSettingsReader,
  type Environment,
  type SettingName,
  type SettingsReader,
} from './read.ts';
import {
  secretFilesOf,
  secretSources,
  withSecretFiles,
  type SecretFile,
  type SecretSource,
} from './secret-files.ts';
import { loadSessions, type SessionConfig } from './sessions.ts';
import { loadTokenIntrospection, type TokenIntrospectionConfig } from './token-introspection.ts';
import { loadTokens, type TokenConfig } from './tokens.ts';
import { loadTracing, type TracingConfig } from './tracing.ts';
import { loadWebSockets, type WebSocketConfig } from './web-sockets.ts';

export interface Config extends PusherConfig {
  readonly production: boolean;
  readonly logLevel: string;
  /** The number of processes that serve requests. */
  readonly workers: number;
  readonly listen: Listener;
  readonly operator: OperatorConfig;
  readonly database: DatabaseConfig;
  readonly redis: Secret | undefined;
  /** `undefined` if guest tokens are not accepted. */
  readonly guestTokens: TokenConfig | undefined;
  /** `undefined` if JWTs of users are not accepted. */
  readonly userTokens: UserTokenConfig | undefined;
  readonly signing: SigningStyle;
  /** The field of a request body that may have a user token. */
  readonly tokenField: string | undefined;
  readonly sanctum: SanctumConfig | undefined;
  readonly passport: PassportConfig | undefined;
  readonly tokenIntrospection: TokenIntrospectionConfig | undefined;
  readonly sessions: SessionConfig | undefined;
  readonly tickets: TicketConfig;
  readonly webSockets: WebSocketConfig;
  readonly guestSessionLifetimeMs: number;
  /** The retention of a revocation of credentials without a maximum lifetime; `undefined` to keep it for ever. */
  readonly revocationRetentionMs: number | undefined;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly keepAliveMs: number;
  readonly audit: 'strict' | 'buffered';
  /** For this time after SIGTERM, Usher still accepts requests. */
  readonly shutdownNoticeMs: number;
  readonly limits: LimitConfig;
  readonly tracing: TracingConfig | undefined;
  /** The files of the policy, and the shipped policies as `builtin:` with their names. */
  readonly policy: readonly string[];
  /** Reads a variable that the policy names. */
  readonly variable: (name: string) => string | undefined;
  /** The source of the value of each secret. */
  readonly secrets: readonly SecretSource[];
  /** The files with secrets; `undefined` if there are none. */
  readonly secretFiles: SecretFiles | undefined;
  /** The URLs of servers, by setting. */
  readonly renewable: ReadonlyMap<SettingName, RenewableSecret>;
  /** Variables that are probably misspelt settings. */
  readonly misspelt: readonly Misspelt[];
  /** The settings that are set, and belong to a mode that is off. */
  readonly unread: readonly SettingName[];
}

interface UserTokenConfig extends TokenConfig {
  readonly maxAgeMs: number;
}

/** Maximum numbers per minute. */
interface LimitConfig {
  readonly connections: number;
  readonly failures: number;
  readonly guestSessions: number;
  readonly authorizations: number;
  readonly subscriptions: number;
  readonly messages: number;
}

interface Listener {
  readonly host: string;
  readonly port: number;
}

/** All problems of the configuration, and misspelt names, which may be their cause. The message names settings and never has values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(
    readonly problems: readonly string[],
    misspelt: readonly Misspelt[] = [],
  ) {
    const lines = [...problems, ...misspelt.map(formatMisspelt)];
    super(`The configuration has problems:\n${lines.map((line) => `  - ${line}`).join('\n')}`);
  }
}

/** The files with secrets of a configuration. */
interface SecretFiles {
  readonly files: readonly SecretFile[];
  /** The values in these files, by setting. */
  readonly texts: ReadonlyMap<SettingName, string>;
  /** Loads the configuration with the same environment and other texts of the files. Throws `ConfigurationError`. */
  readonly reload: (known: Reloaded) => Config;
}

/** Values of secrets that are already known when the configuration is loaded again. */
interface Reloaded {
  /** The content of files, by setting. Other files are read. */
  readonly texts?: ReadonlyMap<string, string>;
  /** The URLs of servers that stay in use with their connections. */
  readonly inUse?: ReadonlyMap<SettingName, RenewableSecret>;
}

/** Reads the environment and the files that it names. Throws `ConfigurationError` with all problems. */
export function loadConfig(given: Environment, { texts, inUse }: Reloaded = {}): Config {
  const production = given['NODE_ENV'] === 'production';
  const files = withSecretFiles(given, texts);
  const { env } = files;
  const read = createSettingsReader(files, { production, ...(inUse && { inUse }) });
  read.required('NODE_ENV');
  const allowedOrigins = read.optional('ALLOWED_ORIGINS') ?? [];
  const sessions = loadSessions(read, allowedOrigins);
  const config: Config = {
    production,
    logLevel: read.required('LOG_LEVEL'),
    workers: read.required('WORKERS'),
    listen: { host: read.required('HOST'), port: read.required('PORT') },
    operator: loadOperator(read),
    database: loadDatabase(read),
    redis: read.optional('REDIS_URL'),
    ...loadPusher(read),
    ...loadCredentialTokens(read),
    signing: {
      userInfoIds: read.required('USER_INFO_IDS'),
      privateMembers: read.required('GUEST_CHAT_CHANNEL_DATA'),
    },
    tokenField: read.optional('TOKEN_FIELD'),
    sanctum: loadSanctum(read),
    passport: loadPassport(read),
    tokenIntrospection: loadTokenIntrospection(read),
    sessions,
    tickets: loadTickets(read),
    webSockets: loadWebSockets(read, sessions),
    guestSessionLifetimeMs: read.required('GUEST_SESSION_TTL'),
    revocationRetentionMs: read.optional('REVOCATION_RETENTION'),
    allowedOrigins,
    trustedProxies: read.optional('TRUSTED_PROXIES') ?? [],
    keepAliveMs: read.required('HTTP_KEEP_ALIVE'),
    audit: read.required('AUDIT'),
    shutdownNoticeMs: loadShutdownNotice(read),
    limits: {
      connections: read.required('RATE_LIMIT_CONNECTIONS'),
      failures: read.required('RATE_LIMIT_FAILURES'),
      guestSessions: read.required('RATE_LIMIT_GUEST_SESSIONS'),
      authorizations: read.required('RATE_LIMIT_AUTHORIZATIONS'),
      subscriptions: read.required('RATE_LIMIT_SUBSCRIPTIONS'),
      messages: read.required('RATE_LIMIT_MESSAGES'),
    },
    tracing: loadTracing(read),
    policy: read.required('POLICY'),
    variable: (name) => env[name],
    secrets: secretSources(given),
    secretFiles: loadSecretFiles(given, files.texts),
    renewable: read.renewable,
    misspelt: findMisspelt(given),
    unread: read.unread(),
  };
  checkCredentials(config, read);
  checkPorts(config, read);
  if (read.problems.length > 0) throw new ConfigurationError(read.problems, config.misspelt);
  return config;
}

function loadSecretFiles(
  env: Environment,
  texts: ReadonlyMap<SettingName, string>,
): SecretFiles | undefined {
  const files = secretFilesOf(env);
  if (files.length === 0) return undefined;
  return { files, texts, reload: (known) => loadConfig(env, known) };
}

/** Reads only the setting of the policy. Throws `ConfigurationError`. */
export function loadPolicySources(env: Environment): readonly string[] {
  const files = { env, problems: [], texts: new Map(), failed: new Set<string>() };
  const read = createSettingsReader(files, { production: env['NODE_ENV'] === 'production' });
  const sources = read.required('POLICY');
  if (read.problems.length > 0) throw new ConfigurationError(read.problems);
  return sources;
}

function loadCredentialTokens(read: SettingsReader): Pick<Config, 'guestTokens' | 'userTokens'> {
  const [guests, users] = [loadTokens('GUEST', read), loadTokens('USER', read)];
  const maxAgeMs = read.required('USER_TOKEN_MAX_AGE');
  return {
    guestTokens: guests,
    userTokens: users && { ...users, maxAgeMs },
  };
}

function checkCredentials(config: Config, read: SettingsReader): void {
  const { guestTokens, userTokens, sanctum, passport, tokenIntrospection, sessions } = config;
  const sources = [guestTokens, userTokens, sanctum, passport, tokenIntrospection, sessions];
  // A source that is set and invalid is already a problem.
  const isInvalid = read.problems.some((each) =>
    /^((GUEST|USER)_TOKEN_[A-Z_]+_FILE|SANCTUM_DATABASE_URL(_FILE)?|(PASSPORT|INTROSPECTION)_[A-Z_]+|SESSION_MODE) /.test(
      each,
    ),
  );
  // Other policies may have issuers, see `issuerProblems`.
  const isShipped = config.policy.every((source) => source.startsWith('builtin:'));
  if (isShipped && sources.every((source) => source === undefined) && !isInvalid) {
    read.problem(
      'No credential would be accepted: set one of USER_TOKEN_SECRET, USER_TOKEN_PUBLIC_KEY, USER_TOKEN_JWKS_URL, their GUEST_TOKEN_ equivalents, SANCTUM_DATABASE_URL, PASSPORT_DATABASE_URL, INTROSPECTION_URL or SESSION_MODE',
    );
  }
  const secretOf = (tokens: TokenConfig | undefined) =>
    tokens !== undefined && 'secret' in tokens.keys ? tokens.keys.secret.reveal() : '';
  const guests = secretOf(guestTokens);
  // Two missing secrets are equal too, but already reported.
  if (guests !== '' && guests === secretOf(userTokens)) {
    read.problem('GUEST_TOKEN_SECRET and USER_TOKEN_SECRET must not be the same');
  }
}

function checkPorts({ listen, operator }: Config, read: SettingsReader): void {
  const isAny = (host: string) => host === '0.0.0.0' || host === '::';
  const overlap = listen.host === operator.host || isAny(listen.host) || isAny(operator.host);
  if (overlap && listen.port !== 0 && listen.port === operator.port) {
    read.problem(
      'PORT and OPS_PORT are the same: change one of them (the default of OPS_PORT is 3001)',
    );
  }
}

/** A timer of Node that is set for longer than 24 days fires immediately. */
const maxNoticeMs = 60 * 60 * 1000;

function loadShutdownNotice(read: SettingsReader): number {
  const notice = read.required('SHUTDOWN_NOTICE');
  if (notice > maxNoticeMs) read.problem('SHUTDOWN_NOTICE must be 1h at most');
  return notice;
}
