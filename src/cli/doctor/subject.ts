import { mintGuestToken, mintUserToken, type TokenSigning } from '../../authn/jwt/mint.ts';
import type { Config } from '../../config/load.ts';
import { demo } from '../../facts/demo-facts.ts';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import { credentialKind, matchOf } from '../match-channel.ts';
import type { AuthRequest } from './probe-usher.ts';

/** The subjects whose requests the doctor sends, as far as there are credentials. */
export interface Subjects {
  readonly subscriber?: { readonly channel: string; readonly form: AuthRequest };
  /** The sign-in of a user. */
  readonly user?: AuthRequest;
}

export interface SubjectOptions {
  readonly channel?: string | undefined;
  readonly token?: string | undefined;
  readonly tenant?: string | undefined;
}

/** The subject of the command line; otherwise the guest and the buyer of the demo, outside production and if their tokens can be signed. */
export async function subjectsOf(
  options: SubjectOptions,
  config: Config,
  now: () => number,
): Promise<Subjects> {
  const { channel, token, tenant } = options;
  if (channel === undefined || token === undefined) return demoSubjects(config, now);
  const match = matchOf(channel);
  const kind = credentialKind(token, match);
  const { tenantId = tenant, hotelSlug = '' } = match?.params ?? {};
  switch (kind) {
    case 'guest-token':
      return { subscriber: guestOf(channel, hotelSlug, token) };
    case 'guest-session':
      return { subscriber: subscriberOf(channel, { 'x-guest-session': token }) };
    case 'session-cookie':
      return { subscriber: subscriberOf(channel, cookieOf(config, token)) };
    case 'bearer': {
      const headers = bearer(token, tenant ?? tenantId);
      return { subscriber: subscriberOf(channel, headers), user: signingIn(headers) };
    }
  }
}

/** The Pusher app that signs for a channel's tenant. */
export function appFor({ channel, tenant }: SubjectOptions, config: Config): PusherApp {
  const tenantId = tenant ?? matchOf(channel ?? '')?.params['tenantId'] ?? '';
  return config.tenantsApps.find(({ tenants }) => tenants.includes(tenantId))?.app ?? config.pusher;
}

async function demoSubjects(config: Config, now: () => number): Promise<Subjects> {
  if (config.production) return {};
  const signing = { lifetimeMs: 60_000, now };
  const [guest, buyer] = await Promise.all([
    demoGuest(config, signing),
    demoBuyer(config, signing),
  ]);
  return { ...(guest && { subscriber: guest }), ...(buyer && { user: buyer }) };
}

type Signing = Pick<TokenSigning, 'lifetimeMs' | 'now'>;

async function demoGuest({ guestTokens }: Config, signing: Signing) {
  if (guestTokens === undefined || !('secret' in guestTokens.keys)) return undefined;
  const { keys, expected } = guestTokens;
  const { hotelSlug, bookingId } = demo.booking;
  const token = await mintGuestToken(demo.booking, guestTokens, {
    ...{ ...signing, ...expected },
    secret: keys.secret,
  });
  const channel = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingId}`;
  return guestOf(channel, hotelSlug, token);
}

async function demoBuyer({ userTokens }: Config, signing: Signing) {
  if (userTokens === undefined || !('secret' in userTokens.keys)) return undefined;
  const { keys, expected } = userTokens;
  const { tenantId, buyerId } = demo.escrow;
  const user = { userId: buyerId, tenantId };
  const token = await mintUserToken(user, { ...signing, ...expected, secret: keys.secret });
  return signingIn(bearer(token, tenantId));
}

function guestOf(channel: string, hotelSlug: string, token: string) {
  const path = `/api/guest/hotel/${encodeURIComponent(hotelSlug)}/chat/pusher/auth`;
  return { channel, form: { path, fields: { token, channel_name: channel } } };
}

type Headers = Readonly<Record<string, string>>;

const subscriberOf = (channel: string, headers: Headers) => ({
  channel,
  form: { path: '/broadcasting/auth', fields: { channel_name: channel }, headers },
});

const signingIn = (headers: Headers): AuthRequest => ({
  path: '/pusher/user-auth',
  fields: {},
  headers,
});

const bearer = (token: string, tenant: string | undefined) => ({
  authorization: `Bearer ${token}`,
  ...(tenant !== undefined && { 'x-tenant-id': tenant }),
});

const cookieOf = ({ sessions }: Config, value: string) => ({
  cookie: `${sessions?.cookieName ?? 'sessionid'}=${value}`,
});
