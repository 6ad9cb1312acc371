import { createHmac } from 'node:crypto';
import type { SecurityScheme } from '../../../src/http/openapi/components.ts';
import { send, type TestResponse } from '../requests.ts';
import { withClient } from '../../support/database.ts';
import {
  createDjangoApplication,
  djangoCookies,
  djangoRows,
  djangoSettings,
  type DjangoApplication,
} from '../../support/django-application.ts';
import { hmacToken, guestClaims, userClaims, type JsonObject } from '../../support/tokens.ts';
import { allowedOrigin, startUsher, type TestUsher } from '../../support/usher.ts';
import { startUpstream } from '../../support/web-socket.ts';
import type { Start } from '../../../src/app.ts';
import type { Environment } from '../../../src/config/read.ts';
import { settings } from '../../../src/config/settings.ts';
import type { Document } from './read-document.ts';
import type { Change } from './requests.ts';

/** The published development keys, with which the examples are made. */
const keys = {
  pusher: settings.PUSHER_SECRET.development,
  guest: settings.GUEST_TOKEN_SECRET.development,
  user: settings.USER_TOKEN_SECRET.development,
  chatServer: settings.CHAT_SERVER_KEYS.development?.split(/:(.*)/) ?? [],
};

/** A development Usher with everything switched on that has routes or credentials. */
export interface Fixture {
  readonly start: (changes?: Environment, start?: Start) => Promise<TestUsher>;
  readonly stop: () => Promise<void>;
}

/** Creates the dependencies of such an Usher. */
export async function createFixture(): Promise<Fixture> {
  const [host, upstream] = [await createDjangoApplication(), await startUpstream()];
  await host.fill(djangoRows);
  return {
    start: (changes = {}, start = {}) =>
      startUsher({ ...environment(host, upstream.url), ...changes }, start),
    stop: async () => {
      await upstream.stop();
      await host.drop();
    },
  };
}

const environment = (host: DjangoApplication, upstream: string): Environment => ({
  // Empty ones are those of development.
  PUSHER_APP_ID: '',
  PUSHER_KEY: '',
  PUSHER_SECRET: '',
  GUEST_TOKEN_SECRET: '',
  USER_TOKEN_SECRET: '',
  PUSHER_ENCRYPTION_MASTER_KEY: Buffer.alloc(32, 'example').toString('base64'),
  ...djangoSettings(host),
  SESSION_WS_UPSTREAM: upstream,
});

/** A token of user 15 of tenant 1, changed; signed with the key of development. */
export const bearer = (changes: JsonObject = {}): string =>
  `Bearer ${hmacToken(userClaims(changes), {}, keys.user ?? '')}`;

/** A token of the demo's guest, changed; signed with the key of development. */
export const guest = (changes: JsonObject = {}): string =>
  hmacToken(guestClaims(changes), {}, keys.guest ?? '');

/** The cookie of a visitor, as the application's page sends it. */
export const cookieOf = (who: keyof typeof djangoCookies): Readonly<Record<string, string>> => ({
  cookie: `sessionid=${djangoCookies[who]}`,
  origin: allowedOrigin,
});

/** Starts a guest session. */
export async function startSession(
  usher: TestUsher,
): Promise<{ readonly guest_session_id: string; readonly token: string }> {
  const response = await send(usher.public, { path: '/api/guest-sessions' });
  return response.body as { readonly guest_session_id: string; readonly token: string };
}

/** Adds credentials for these schemes to a request: valid or invalid ones. */
export async function present(
  schemes: readonly string[],
  usher: TestUsher,
  isGood = true,
): Promise<Change> {
  let credentials: Change = {};
  for (const scheme of schemes) {
    const { headers, query } = await presented[scheme as SecurityScheme](
      isGood ? usher : undefined,
    );
    credentials = {
      headers: { ...credentials.headers, ...headers },
      query: { ...credentials.query, ...query },
    };
  }
  return credentials;
}

const inHeader = (name: string, value: string): Change => ({ headers: { [name]: value } });
const bad = 'none';

const presented: Readonly<
  Record<SecurityScheme, (usher: TestUsher | undefined) => Change | Promise<Change>>
> = {
  userToken: (usher) => inHeader('authorization', usher ? bearer() : `Bearer ${bad}`),
  operatorToken: () => ({}),
  guestToken: (usher) => ({ query: { token: usher ? guest() : bad } }),
  guestSession: async (usher) =>
    inHeader('x-guest-session', usher ? (await startSession(usher)).token : bad),
  sessionCookie: (usher) => ({
    headers: usher ? cookieOf('bob') : { cookie: `sessionid=${bad}`, origin: allowedOrigin },
  }),
  chatServerKey: () => inHeader('x-chat-server-key', keys.chatServer[0] ?? ''),
  chatServerSecret: (usher) =>
    inHeader('x-chat-server-secret', usher ? (keys.chatServer[1] ?? '') : bad),
};

/** The headers of a webhook with this body. */
export const signWebhook = (text: string): Readonly<Record<string, string>> => ({
  'x-pusher-key': settings.PUSHER_KEY.development ?? '',
  'x-pusher-signature': createHmac('sha256', keys.pusher ?? '')
    .update(text)
    .digest('hex'),
});

/** Puts a fact, or sends another JSON request to the operator's port. */
export async function operate(
  usher: TestUsher,
  [method, path]: readonly [string, string],
  body?: object,
): Promise<TestResponse> {
  const response = await send(usher.operator, {
    method,
    path,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.text}`);
  return response;
}

/** Makes the database of an Usher unavailable while a function runs. */
export async function withoutDatabase(
  usher: Pick<TestUsher, 'database'>,
  run: () => Promise<void>,
): Promise<void> {
  const name = new URL(usher.database.reveal()).pathname.slice(1);
  const admin = new URL(usher.database.reveal());
  admin.pathname = '/postgres';
  const say = (sql: string) => withClient(admin.href, (client) => client.query(sql));
  await say(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await say(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  try {
    await run();
  } finally {
    await say(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  }
}

/** Reads the document of such an Usher. */
export async function readDocument(): Promise<Document> {
  const world = await createFixture();
  try {
    const usher = await world.start();
    const response = await send(usher.operator, { method: 'GET', path: '/docs' });
    await usher.stop();
    return response.body as Document;
  } finally {
    await world.stop();
  }
}
