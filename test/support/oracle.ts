import { createHmac } from 'node:crypto';

/** A caller in the test data, by the credentials of the request. */
export type Caller =
  | 'nobody'
  | 'user 15 of tenant 1'
  | 'user 16 of tenant 1'
  | 'user 17 of tenant 1'
  | 'admin of tenant 1'
  | 'user 15 of tenant 2'
  | 'guest of the hotel';

const escrow = [
  'private-tenant.1.escrow.42',
  'private-tenant.1.escrow.42.chat',
  'presence-tenant.1.escrow.42.chat',
];
const ofTenant = (tenant: string, user: string) => [
  'private-announcements',
  `private-tenant.${tenant}.announcements`,
  `private-tenant.${tenant}.user.${user}`,
];

/**
 * The channels that each caller may enter, with the demo's booking and escrow and nothing else. Written by hand from the documentation
 * and not derived from Usher, so that a mistake there is not repeated here.
 */
export const mayEnter: Readonly<Record<Caller, readonly string[]>> = {
  nobody: [],
  'user 15 of tenant 1': [...ofTenant('1', '15'), ...escrow],
  'user 16 of tenant 1': [...ofTenant('1', '16'), ...escrow],
  'user 17 of tenant 1': ofTenant('1', '17'),
  'admin of tenant 1': [...ofTenant('1', '99'), 'private-tenant.1.admin'],
  'user 15 of tenant 2': ofTenant('2', '15'),
  'guest of the hotel': ['private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123'],
};

/** The user id that others see and that sign-in uses; a guest cannot sign in. */
const idOf: Readonly<Record<Caller, string | undefined>> = {
  nobody: undefined,
  'user 15 of tenant 1': '15',
  'user 16 of tenant 1': '16',
  'user 17 of tenant 1': '17',
  'admin of tenant 1': '99',
  'user 15 of tenant 2': '15',
  'guest of the hotel': 'guest_BK-2025-ABC123',
};

/** The signatures that a caller may receive: for one of these sockets, and at most for these channels. */
export interface AllowedChannels {
  readonly who: Caller;
  readonly sockets: readonly string[];
  /** All channels that they may enter, if it is omitted. */
  readonly channels?: readonly string[];
  /** Whether the caller requested sign-in. */
  readonly signIn?: boolean;
}

/** An object of a response with a signature. */
interface Signed {
  readonly auth: string;
  readonly channel_data?: unknown;
  readonly user_data?: unknown;
}

/** Checks the signatures of one Pusher app, which it computes itself with node:crypto. */
export function createOracle({ key, secret }: { readonly key: string; readonly secret: string }) {
  const hmac = (text: string) =>
    `${key}:${createHmac('sha256', secret).update(text).digest('hex')}`;

  const isChannel = ({ auth, channel_data: data }: Signed, allowed: AllowedChannels): boolean => {
    const own = mayEnter[allowed.who].filter((name) => allowed.channels?.includes(name) ?? true);
    return own.some((channel) => {
      const hasMember = channel.startsWith('presence-') || allowed.who === 'guest of the hotel';
      if (hasMember ? memberOf(data)?.['user_id'] !== idOf[allowed.who] : data !== undefined)
        return false;
      const parts = hasMember ? [channel, String(data)] : [channel];
      return allowed.sockets.some((socket) => auth === hmac([socket, ...parts].join(':')));
    });
  };

  const isSignIn = ({ auth, user_data: data }: Signed, allowed: AllowedChannels): boolean =>
    allowed.signIn === true &&
    allowed.who !== 'guest of the hotel' &&
    idOf[allowed.who] !== undefined &&
    memberOf(data)?.['id'] === idOf[allowed.who] &&
    allowed.sockets.some((socket) => auth === hmac(`${socket}::user::${String(data)}`));

  return {
    /** Returns the signatures in a response that the caller must not receive. */
    forged: (text: string, allowed: AllowedChannels): readonly string[] =>
      signaturesIn(text).flatMap((signed) =>
        isChannel(signed, allowed) || isSignIn(signed, allowed) ? [] : [signed.auth],
      ),
  };
}

/** Every text in JSON that resembles a signature of a Pusher app. */
export function signaturesIn(text: string): readonly Signed[] {
  if (!/[0-9a-f]{64}/.test(text)) return [];
  const found: Signed[] = [];
  const look = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    const texts = Object.values(value).filter((each) => typeof each === 'string');
    const auth = texts.find((each) => /^[^:]*:[0-9a-f]{64}$/i.test(each));
    if (auth !== undefined) found.push({ ...value, auth });
    Object.values(value).forEach(look);
  };
  look(JSON.parse(text));
  return found;
}

function memberOf(data: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof data === 'string' ? (JSON.parse(data) as Record<string, unknown>) : undefined;
}
