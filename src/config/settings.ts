import { pusherDialects } from '../pusher/pusher-app.ts';
import { listenHost, pusherWord, serverHost } from './address.ts';
import { chatServerKey } from './chat-servers.ts';
import { duration, integer, list, oneOf, secret, text, url, type Setting } from './setting.ts';
import { fieldName } from './field-name.ts';
import { cookieName, timeZone } from './host.ts';
import { limitSettings } from './limit-settings.ts';
import { network } from './network.ts';
import { origin } from './origin.ts';
import { postgres, schemaName } from './postgres.ts';
import { pusherApps } from './pusher-apps.ts';
import { redisUrl } from './redis-url.ts';

const port = [0, 65_535] as const;

/**
 * Every setting there is, in the order in which the documentation shows them.
 * `development` values stand in plain sight here, so production refuses them even when they are set on purpose.
 */
export const settings = {
  NODE_ENV: oneOf(
    '`production` switches off every convenience',
    ['development', 'test', 'production'],
    {
      fallback: 'development',
    },
  ),
  HOST: listenHost('Address of the public listener', { fallback: '0.0.0.0' }),
  PORT: integer('Port of the public listener; 0 picks a free one', port, { fallback: '3000' }),
  OPS_HOST: listenHost('Address of the operator’s listener', { fallback: '127.0.0.1' }),
  OPS_PORT: integer('Port of the operator’s listener; 0 picks a free one', port, {
    fallback: '3001',
  }),
  OPS_TOKEN: secret(
    'Bearer token for the operator’s port; required unless that listens on loopback',
  ),

  DATABASE_URL: postgres(
    'PostgreSQL, or the servers of a cluster, separated by commas; without it an embedded one runs under `DATA_DIR`',
  ),
  DATABASE_SCHEMA: schemaName('Schema of Usher’s tables, created when missing', 'usher'),
  DATA_DIR: text('Where the embedded PostgreSQL keeps its data', { fallback: './data' }),

  REDIS_URL: redisUrl(
    'Redis, Redis Cluster or Sentinels, where replicas count limits together; without it each process counts alone; see `deploying.md`',
  ),

  PUSHER_APP_ID: pusherWord('Id of the Pusher app', { development: 'app-id' }),
  PUSHER_KEY: pusherWord('Key of the Pusher app', { development: 'app-key' }),
  PUSHER_SECRET: secret('Secret of the Pusher app', { development: 'app-secret' }),
  PUSHER_CLUSTER: pusherWord('Cluster of the Pusher app'),
  PUSHER_HOST: serverHost('Host of a Pusher-compatible server'),
  PUSHER_PORT: integer('Port of that server', [1, 65_535]),
  PUSHER_TLS: oneOf('Whether to speak TLS to it', ['true', 'false'], { fallback: 'true' }),
  PUSHER_ENCRYPTION_MASTER_KEY: secret(
    'Key of private-encrypted channels, 32 bytes in base64; without it there are none',
  ),
  PUSHER_SERVER: oneOf('Which server it is', pusherDialects, { fallback: 'pusher' }),
  PUSHER_TERMINATE: oneOf(
    'Whether Usher may request the end of connections from it; `off` for Reverb with scaling, see `revocation.md`',
    ['on', 'off'],
    { fallback: 'on' },
  ),
  PUSHER_RETIRING_KEY: text('Key that `PUSHER_KEY` replaces; webhooks signed with it still count'),
  PUSHER_RETIRING_SECRET: secret('Secret of that key'),
  PUSHER_APPS: pusherApps(
    'Pusher apps that some tenants have to themselves, as a JSON list; see `pusher-apps.md`',
  ),

  GUEST_TOKEN_SECRET: secret('HS256 secret of guest tokens, 32 bytes at least', {
    development: 'development only: signs guest tokens of the demo',
  }),
  GUEST_TOKEN_PUBLIC_KEY: text('Public key (PEM) of guest tokens'),
  GUEST_TOKEN_JWKS_URL: url('Address of the key set of guest tokens', ['https', 'http']),
  GUEST_TOKEN_ISSUER: text('Required `iss` of guest tokens; goes with the audience'),
  GUEST_TOKEN_AUDIENCE: text('Required `aud` of guest tokens; goes with the issuer'),
  GUEST_TOKEN_BOOKING_CLAIM: text('Claim that holds the booking', { fallback: 'booking_id' }),
  GUEST_TOKEN_HOTEL_CLAIM: text('Claim that holds the hotel', { fallback: 'hotel_slug' }),
  USER_TOKEN_SECRET: secret('HS256 secret of users’ tokens, 32 bytes at least', {
    development: 'development only: signs the users’ tokens of the demo',
  }),
  USER_TOKEN_PUBLIC_KEY: text('Public key (PEM) of users’ tokens'),
  USER_TOKEN_JWKS_URL: url('Address of the key set of users’ tokens', ['https', 'http']),
  USER_TOKEN_ISSUER: text('Required `iss` of users’ tokens; goes with the audience'),
  USER_TOKEN_AUDIENCE: text('Required `aud` of users’ tokens; goes with the issuer'),
  USER_TOKEN_MAX_AGE: duration('How long a user’s token may live (`exp` − `iat`)', {
    fallback: '1h',
  }),

  TOKEN_FIELD: fieldName(
    'Form or JSON field in which native clients that cannot send headers may put a user’s token, such as `token`; without it only `Authorization` is read',
  ),
  USER_INFO_IDS: oneOf(
    'JSON type of `user_info.id` in presence channels; `number` is what Laravel sends, for ids that are safe integers',
    ['text', 'number'],
    { fallback: 'text' },
  ),
  GUEST_CHAT_CHANNEL_DATA: oneOf(
    'Whether the signature of the private guest chat channel covers `channel_data`; `off` for clients that drop it, see `clients.md`',
    ['on', 'off'],
    { fallback: 'on' },
  ),

  SANCTUM_DATABASE_URL: postgres('PostgreSQL of a Laravel host whose Sanctum tokens are accepted'),
  SANCTUM_TOKENABLE_TYPE: text('The one model whose Sanctum tokens count', {
    fallback: 'App\\Models\\User',
  }),
  SANCTUM_TENANT: text(
    'Tenant of all users of that host; without it a Sanctum token has no tenant',
  ),
  SANCTUM_EXPIRATION: duration('The host’s `sanctum.expiration`, where it has one'),
  SANCTUM_TIME_ZONE: timeZone('The host’s `APP_TIMEZONE`, in which its columns are written', {
    fallback: 'UTC',
  }),

  SESSION_MODE: oneOf(
    'Whether the host’s session cookie is a credential, and who reads it',
    ['off', 'django', 'introspect'],
    { fallback: 'off' },
  ),
  SESSION_COOKIE_NAME: cookieName('Name of that cookie', { fallback: 'sessionid' }),
  DJANGO_DATABASE_URL: postgres(
    'PostgreSQL of a Django host; the login needs SELECT on `django_session` and on six columns of `auth_user`',
  ),
  DJANGO_SECRET_KEY: secret('The host’s `SECRET_KEY`'),
  DJANGO_SECRET_KEY_FALLBACKS: list(secret('The host’s `SECRET_KEY_FALLBACKS`')),
  DJANGO_SESSION_ENGINE: oneOf(
    'The host’s `SESSION_ENGINE`; logging out does not end a session of `signed_cookies`',
    ['db', 'cached_db', 'signed_cookies'],
    { fallback: 'db' },
  ),
  DJANGO_SESSION_AGE: duration('The host’s `SESSION_COOKIE_AGE`, for `signed_cookies`', {
    fallback: '336h',
  }),
  DJANGO_AUTHENTICATION_BACKENDS: list(
    text('The host’s `AUTHENTICATION_BACKENDS`', {
      fallback: 'django.contrib.auth.backends.ModelBackend',
    }),
  ),
  DJANGO_TIME_ZONE: timeZone('The host’s `TIME_ZONE`, for an `expire_date` column without one', {
    fallback: 'UTC',
  }),
  SESSION_INTROSPECTION_URL: url('Address at the host that says who a session cookie belongs to', [
    'https',
    'http',
  ]),
  SESSION_INTROSPECTION_TOKEN: secret('Bearer token that goes with each such question'),

  REVOCATION_RETENTION: duration(
    'Longest time that revocations are kept; longer than the life of any credential, see `revocation.md`',
  ),
  GUEST_SESSION_TTL: duration('How long a guest session of ours may live', { fallback: '720h' }),

  CHAT_SERVER_KEYS: list(
    chatServerKey(
      'Chat servers that may have tickets, each as `key:secret` with a secret of 32 bytes at least',
      { development: 'chat:development only: the secret of a demo chat server' },
    ),
  ),
  TICKET_TTL: duration('How long a ticket may live, 2h at most', { fallback: '2h' }),

  WS_UPSTREAM: url('Chat server behind `GET /ws`; without it that door leads nowhere', [
    'ws',
    'wss',
  ]),
  SESSION_WS_UPSTREAM: url(
    'The host’s WebSocket server, behind the doors that its session cookie opens; without it there are none',
    ['ws', 'wss'],
  ),
  WS_PRESERVE_HOST: oneOf(
    'Whether these servers receive the client’s `Host` header; `false` sends their own address',
    ['true', 'false'],
    { fallback: 'true' },
  ),
  WS_MAX_MESSAGE: integer('Largest WebSocket message of a client, in bytes', [1024, 16_777_216], {
    fallback: '65536',
  }),
  WS_MAX_UPSTREAM_MESSAGE: integer(
    'Largest WebSocket message of these servers, in bytes; without it there is no limit',
    [1024, 1_073_741_824],
  ),
  WS_PING_INTERVAL: duration(
    'Time between two WebSocket pings; shorter than the idle time-out of every proxy on the way',
    { fallback: '20s' },
  ),
  WS_RECHECK_INTERVAL: duration(
    'Time between two checks whether an open WebSocket is still allowed, 1h at most',
    { fallback: '15s' },
  ),

  ALLOWED_ORIGINS: list(
    origin(
      'Origins of pages whose requests are accepted: `https://app.example`, `capacitor://localhost`, or `https://*.tenants.example` for one label',
      {
        development: '*',
      },
    ),
  ),
  TRUSTED_PROXIES: list(network('Networks of proxies whose `X-Forwarded-For` counts')),
  ...limitSettings,

  AUDIT: oneOf(
    'Whether an answer waits until its decision is on record, or records may be lost; see `audit.md`',
    ['strict', 'buffered'],
    { fallback: 'strict' },
  ),
  HTTP_KEEP_ALIVE: duration(
    'Time after which Usher closes an idle connection of the public listener; longer than the same time of the proxy in front, see `deploying.md`',
    { fallback: '125s' },
  ),
  SHUTDOWN_NOTICE: duration(
    'How long after SIGTERM everybody is still answered, so that a balancer can send them elsewhere',
    { fallback: '2s' },
  ),
  LOG_LEVEL: oneOf('What is logged', ['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
    fallback: 'info',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(
    'Collector of traces, which takes OTLP over HTTP; without it there are none, see `observability.md`',
    ['http', 'https'],
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url(
    'The same with its whole path, where that is not `/v1/traces`',
    ['http', 'https'],
  ),
  OTEL_SERVICE_NAME: text('Name of this service in traces', { fallback: 'usher' }),
} satisfies Readonly<Record<string, Setting<unknown>>>;
