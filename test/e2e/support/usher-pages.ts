import { usherAuth } from '../../../clients/js/src/index.ts';
import type { UsherAuthError, UsherAuthOptions } from '../../../clients/js/src/index.ts';
import type { JsonObject } from '../../support/tokens.ts';
import { connectPusher, type PusherClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { secondsNow } from './tokens.ts';

/** A page with pusher-js, whose user is signed in. */
export interface UsherPage extends PusherClient {
  /** The channels that are not subscribed, or all if there is no connection. */
  readonly dead: () => readonly string[];
  /** Number of fresh tokens that the page fetched. */
  readonly refreshes: () => number;
  readonly signedOut: () => UsherAuthError | undefined;
  readonly resume: () => void;
}

/** Options of a page. */
export interface PageOptions extends Partial<UsherAuthOptions> {
  readonly sub: string;
  readonly channels: readonly string[];
  /** False if it has only its first token; true by default. */
  readonly canRefresh?: boolean;
  /** Seconds until each of its tokens expires. */
  readonly lifetime?: () => number;
}

const headersOf = (token: string) => ({ Authorization: `Bearer ${token}`, 'X-Tenant-ID': '1' });

/** Claims of a token that expires after these seconds. */
export const expiring = (sub: string, seconds: number): JsonObject => {
  const iat = secondsNow();
  return { sub, iat, exp: iat + seconds };
};

/** Opens a page that uses the client package. */
export function openPage({ soketi, usher, tokens }: Deployment, options: PageOptions): UsherPage {
  const { sub, channels, lifetime = () => 3600, canRefresh = true, ...auth } = options;
  const mint = () => headersOf(tokens.user(expiring(sub, lifetime())));
  let refreshes = 0;
  let signedOut: UsherAuthError | undefined;
  const usherOf = usherAuth({
    url: usher.publicUrl,
    headers: mint(),
    ...(canRefresh && {
      refresh: () => {
        refreshes += 1;
        return Promise.resolve(mint());
      },
    }),
    onSignedOut: (error) => {
      signedOut = error;
    },
    ...auth,
  });
  const { channelAuthorization, userAuthentication } = usherOf;
  const client = connectPusher(soketi, { channelAuthorization, userAuthentication });
  usherOf.attach(client.pusher);
  return {
    ...pageOf(client, channels),
    refreshes: () => refreshes,
    signedOut: () => signedOut,
    resume: usherOf.resume,
  };
}

/** Opens the same page with pusher-js alone, which has a fresh token at each request. */
export function openPlainPage(
  { soketi, usher, tokens }: Deployment,
  { sub, channels, lifetime = () => 3600 }: PageOptions,
): UsherPage {
  const authBy = (path: string) => ({
    transport: 'ajax' as const,
    endpoint: usher.publicUrl + path,
    headersProvider: () => headersOf(tokens.user(expiring(sub, lifetime()))),
  });
  const client = connectPusher(soketi, {
    channelAuthorization: authBy('/pusher/auth'),
    userAuthentication: authBy('/pusher/user-auth'),
  });
  return {
    ...pageOf(client, channels),
    refreshes: () => 0,
    signedOut: () => undefined,
    resume: () => undefined,
  };
}

function pageOf(client: PusherClient, channels: readonly string[]) {
  const { pusher } = client;
  for (const name of channels) pusher.subscribe(name);
  pusher.signin();
  return {
    ...client,
    dead: () =>
      pusher.connection.state === 'connected'
        ? channels.filter((name) => !pusher.channel(name).subscribed)
        : channels,
  };
}

/** Cuts the connection as a lost network does: pusher-js connects again by itself. */
export function dropConnection({ pusher }: PusherClient): void {
  // The manager's own connection object, which its types declare.
  pusher.connection.connection.close();
}
