import { tokenAlgorithms } from '../authn/jwt/token-key.ts';
import { pusherDialects } from '../pusher/dialects.ts';
import { hostName, listenHost, network, postgresUrl, redisUrl, serverHost } from './address.ts';
import { chatServerKey } from './chat-servers.ts';
import { duration, integer, list, oneOf, secret, text, url, type Setting } from './setting.ts';
import { laravelTokenSettings } from './laravel-token-settings.ts';
import { limitSettings } from './limit-settings.ts';
import { fieldName, pusherPath, pusherWord, schemaName } from './names.ts';
import { origin } from './origin.ts';
import { pusherApps } from './pusher-apps.ts';
import { sessionSettings } from './session-settings.ts';
import { tokenIntrospectionSettings } from './token-introspection-settings.ts';

const port = [0, 65_535] as const;

/**
 * All settings, in the order of the documentation.
 * `development` values of secrets are public, so production refuses them even if they are set.
 */
export const settings = {
  NODE_ENV: oneOf(
    'Environment; `production` disables all defaults for development',
    ['development', 'test', 'production'],
    {
      fallback: 'development',
    },
  ),
  HOST: listenHost('Address of the public listener', { fallback: '0.0.0.0' }),
  PORT: integer('Port of the public listener; 0 selects a free port', port, { fallback: '3000' }),
  OPS_HOST: listenHost('Address of the operator’s listener', { fallback: '127.0.0.1' }),
  OPS_PORT: integer('Port of the operator’s listener; 0 selects a free port', port, {
    fallback: '3001',
  }),
  OPS_HOSTS: list(
    hostName(
      'Names by which clients call the operator’s port, such as `usher` in Docker Compose; addresses and `localhost` are always accepted',
    ),
  ),
  OPS_TOKEN: secret(
    'Bearer token for the operator’s port; required unless `OPS_HOST` is a loopback address',
  ),
  WORKERS: integer(
    'Processes that serve requests, at most one for each core; see `deploying.md`',
    [1, 64],
    { fallback: '1' },
  ),

  POLICY: list(
    text(
      'The policy: files, directories, and shipped policies as `builtin:` with their names; see `policies.md`',
      { fallback: 'builtin:*' },
    ),
  ),

  DATABASE_URL: postgresUrl(
    'PostgreSQL, or the servers of a cluster, separated by commas; without it Usher runs an embedded PostgreSQL under `DATA_DIR`',
  ),
  DATABASE_SCHEMA: schemaName('Schema of Usher’s tables, created if missing', {
    fallback: 'usher',
  }),
  DATA_DIR: text('Data directory of the embedded PostgreSQL', { fallback: './data' }),

  REDIS_URL: redisUrl(
    'Redis, Redis Cluster or Sentinels, which replicas use to share limits; without it each process counts its own requests; see `deploying.md`',
  ),

  PUSHER_APP_ID: pusherWord('Id of the Pusher app', { development: 'app-id' }),
  PUSHER_KEY: pusherWord('Key of the Pusher app', { development: 'app-key' }),
  PUSHER_SECRET: secret('Secret of the Pusher app', { development: 'app-secret' }),
  PUSHER_CLUSTER: pusherWord('Cluster of the Pusher app'),
  PUSHER_HOST: serverHost('Host of a Pusher-compatible server'),
  PUSHER_PORT: integer('Port of that server', [1, 65_535]),
  PUSHER_PATH: pusherPath('Path of that server, if it is behind one, such as `/realtime`'),
  PUSHER_TLS: oneOf('Whether to connect to it with TLS', ['true', 'false'], { fallback: 'true' }),
  PUSHER_ENCRYPTION_MASTER_KEY: secret(
    'Key of private-encrypted channels, 32 bytes in base64; without it they are refused',
  ),
  PUSHER_SERVER: oneOf('Type of that server', pusherDialects, { fallback: 'pusher' }),
  PUSHER_TERMINATE: oneOf(
    'Whether Usher may terminate connections at that server; `off` for Reverb with scaling, see `revocation.md`',
    ['on', 'off'],
    { fallback: 'on' },
  ),
  PUSHER_RETIRING_KEY: text('Previous key of the app; webhooks signed with it are still accepted'),
  PUSHER_RETIRING_SECRET: secret('Secret of that key'),
  PUSHER_APPS: pusherApps('Pusher apps of single tenants, as a JSON list; see `pusher-apps.md`'),

  GUEST_TOKEN_SECRET: secret(
    'Secret of guest tokens, at least as long as the hash: 32 bytes for HS256',
    {
      development: 'development only: signs guest tokens of the demo',
    },
  ),
  GUEST_TOKEN_SECRET_ENCODING: oneOf(
    'The encoding of the secret of guest tokens, if the issuer decodes it: the bytes are the key, not the text',
    ['base64'],
  ),
  GUEST_TOKEN_PUBLIC_KEY: text('Public key (PEM) of guest tokens', { file: true }),
  GUEST_TOKEN_ALGORITHM: oneOf(
    'The only algorithm of guest tokens; by default HS256 for a secret, RS256 for RSA, and the algorithm of the curve. Not for a key set, which names the algorithm of each key',
    tokenAlgorithms,
  ),
  GUEST_TOKEN_JWKS_URL: url('Address of the key set of guest tokens', ['https', 'http']),
  GUEST_TOKEN_ISSUER: text('Required `iss` of guest tokens; requires the audience'),
  GUEST_TOKEN_AUDIENCE: text('Required `aud` of guest tokens; requires the issuer'),
  USER_TOKEN_SECRET: secret(
    'Secret of user tokens, at least as long as the hash: 32 bytes for HS256',
    {
      development: 'development only: signs the users’ tokens of the demo',
    },
  ),
  USER_TOKEN_SECRET_ENCODING: oneOf(
    'The encoding of the secret of user tokens, if the issuer decodes it: the bytes are the key, not the text',
    ['base64'],
  ),
  USER_TOKEN_PUBLIC_KEY: text('Public key (PEM) of user tokens', { file: true }),
  USER_TOKEN_ALGORITHM: oneOf(
    'The only algorithm of user tokens; by default HS256 for a secret, RS256 for RSA, and the algorithm of the curve. Not for a key set, which names the algorithm of each key',
    tokenAlgorithms,
  ),
  USER_TOKEN_JWKS_URL: url('Address of the key set of user tokens', ['https', 'http']),
  USER_TOKEN_ISSUER: text('Required `iss` of user tokens; requires the audience'),
  USER_TOKEN_AUDIENCE: text('Required `aud` of user tokens; requires the issuer'),
  USER_TOKEN_MAX_AGE: duration('Maximum lifetime of a user token (`exp` − `iat`)', {
    fallback: '1h',
  }),

  TOKEN_FIELD: fieldName(
    'Form or JSON field with the user token, such as `token`, for native clients that cannot send headers; without it only `Authorization` is read',
  ),
  USER_INFO_IDS: oneOf(
    'JSON type of `user_info.id` in presence channels; `number` is the type of Laravel, for ids that are safe integers',
    ['text', 'number'],
    { fallback: 'text' },
  ),
  GUEST_CHAT_CHANNEL_DATA: oneOf(
    'Whether the signature of the private guest chat channel covers `channel_data`; `off` for clients that drop it, see `clients.md`',
    ['on', 'off'],
    { fallback: 'on' },
  ),

  ...laravelTokenSettings,
  ...sessionSettings,
  ...tokenIntrospectionSettings,

  REVOCATION_RETENTION: duration(
    'Maximum retention of revocations; must be longer than the lifetime of any credential, see `revocation.md`',
  ),
  GUEST_SESSION_TTL: duration('Lifetime of a guest session', { fallback: '720h' }),

  CHAT_SERVER_KEYS: list(
    chatServerKey(
      'Chat servers that may redeem tickets, each as `key:secret` with a secret of at least 32 bytes',
      { development: 'chat:development only: the secret of a demo chat server' },
    ),
  ),
  TICKET_TTL: duration('Maximum lifetime of a ticket, at most 2h', { fallback: '2h' }),

  WS_UPSTREAM: url('Chat server behind `GET /ws`; without it `GET /ws` only redeems tickets', [
    'ws',
    'wss',
  ]),
  SESSION_WS_UPSTREAM: url(
    'The application’s WebSocket server, behind the endpoints for session cookies; without it these endpoints do not exist',
    ['ws', 'wss'],
  ),
  WS_PRESERVE_HOST: oneOf(
    'Whether these servers receive the client’s `Host` header; `false` sends their own address',
    ['true', 'false'],
    { fallback: 'true' },
  ),
  WS_MAX_MESSAGE: integer(
    'Maximum size of a client’s WebSocket message, in bytes',
    [1024, 16_777_216],
    {
      fallback: '65536',
    },
  ),
  WS_MAX_UPSTREAM_MESSAGE: integer(
    'Maximum size of a WebSocket message of these servers, in bytes; without it there is no limit',
    [1024, 1_073_741_824],
  ),
  WS_PING_INTERVAL: duration(
    'Time between two WebSocket pings; must be shorter than the idle timeout of every proxy on the path',
    { fallback: '20s' },
  ),
  WS_RECHECK_INTERVAL: duration('Time between two revalidations of an open WebSocket, at most 1h', {
    fallback: '15s',
  }),

  ALLOWED_ORIGINS: list(
    origin(
      'Allowed origins of pages: `https://app.example`, `capacitor://localhost`, or `https://*.tenants.example` for one label',
      {
        development: '*',
      },
    ),
  ),
  TRUSTED_PROXIES: list(network('Networks of proxies whose `X-Forwarded-For` is trusted')),
  ...limitSettings,

  AUDIT: oneOf(
    'Whether a response waits until its decision is written to the audit log (`strict`), or entries may be lost; see `audit.md`',
    ['strict', 'buffered'],
    { fallback: 'strict' },
  ),
  HTTP_KEEP_ALIVE: duration(
    'Idle timeout of connections to the public listener; must be longer than that of the proxy in front, see `deploying.md`',
    { fallback: '125s' },
  ),
  SHUTDOWN_NOTICE: duration(
    'Time after SIGTERM in which Usher still accepts requests, so that a load balancer can use other replicas',
    { fallback: '2s' },
  ),
  LOG_LEVEL: oneOf(
    'Minimum level of log lines',
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    {
      fallback: 'info',
    },
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(
    'Collector of traces, with OTLP over HTTP; without it Usher exports no traces, see `observability.md`',
    ['http', 'https'],
    { secret: true },
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url(
    'The same with a full path, if that is not `/v1/traces`',
    ['http', 'https'],
    { secret: true },
  ),
  OTEL_SERVICE_NAME: text('Name of this service in traces', { fallback: 'usher' }),
} satisfies Readonly<Record<string, Setting<unknown>>>;
