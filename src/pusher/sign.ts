import { withSpan } from '../observability/tracing/span.ts';
import type { Grant, Member, SignInGrant } from '../policy/decision.ts';
import type { ChannelForm } from '../policy/pusher-names.ts';
import { toUserId } from '../policy/member.ts';
import type { PusherApps, SigningApp } from './apps.ts';
import type { SigningStyle, UserInfoIds } from './pusher-app.ts';
import { dialectRules } from './dialects.ts';
import type { ChannelSignature, SignedUser } from './signatures.ts';

/** Signs only grants: without a parameter for a channel name it cannot become a signing oracle. */
export interface Signer {
  readonly sign: (grant: Grant) => ChannelSignature;
  /** Whether the tenant's app has a master key, which private-encrypted channels require. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
  /** Whether the server of the tenant's app has cache channels of this form. */
  readonly caches: (tenantId: string | undefined, form: ChannelForm) => boolean;
  /** The id of a member or a user at the server of the tenant's app; `undefined` if it has none (`policy/member.ts`). */
  readonly userIdOf: (tenantId: string | undefined, id: string) => string | undefined;
}

/**
 * Creates the signer: `auth` = `key:hex(HMAC-SHA256(secret, socket_id:channel_name[:channel_data]))` and
 * `shared_secret` = base64(SHA-256(channel name ‖ master key)) (Pusher Channels documentation, "Auth signatures").
 * With `privateMembers` off, private channels are signed without a member, for clients that drop `channel_data`.
 * `sign` throws for an invalid grant: no app, a presence channel without a member, no master key.
 */
export function createSigner(
  apps: Pick<PusherApps, 'for'>,
  style: SigningStyle = { userInfoIds: 'text', privateMembers: 'on' },
): Signer {
  return {
    sign: (grant) =>
      withSpan('sign', () => {
        const app = apps.for(grant.tenantId);
        if (app === undefined) throw new Error('A grant for a tenant without a Pusher app');
        return signWith(app, grant, style);
      }),
    caches: (tenantId, form) => rulesOf(apps, tenantId).cacheForms.includes(form),
    encrypts: (tenantId) => apps.for(tenantId)?.encrypts ?? false,
    userIdOf: (tenantId, id) => toUserId(id, rulesOf(apps, tenantId).maxUserIdLength),
  };
}

function rulesOf(apps: Pick<PusherApps, 'for'>, tenantId: string | undefined) {
  return apps.for(tenantId)?.rules ?? dialectRules('pusher');
}

function signWith(
  app: SigningApp,
  { channel, socketId, member, memberData }: Grant,
  { userInfoIds, privateMembers }: SigningStyle,
): ChannelSignature {
  if (channel.form === 'presence' && member === undefined) {
    // `pusher` would sign it, and the server would accept any identity that the client adds.
    throw new Error('A grant for a presence channel without a member');
  }
  const isUnsigned = !app.rules.signsPrivateMembers && channel.form !== 'presence';
  const isOmitted = privateMembers === 'off' && channel.form === 'private' && !isUnsigned;
  const own = member && !isOmitted ? channelData(member, userInfoIds) : undefined;
  // The type in the library is a text, but it signs and sends any value.
  const named = (memberData as Member | undefined) ?? own;
  const isInfoRequired = app.rules.requiresMemberInfo && channel.form === 'presence';
  const data =
    isInfoRequired && named && named.user_info === undefined ? { ...named, user_info: {} } : named;
  const signed = isUnsigned ? undefined : data;
  const { auth, shared_secret } = app.client.authorizeChannel(socketId, channel.text, signed);
  return {
    auth,
    ...(data === undefined ? {} : { channel_data: JSON.stringify(data) }),
    ...(shared_secret === undefined ? {} : { shared_secret }),
  };
}

/** The member with only Pusher's two fields; `user_id` is first, as existing clients expect. */
function channelData({ user_id, user_info }: Member, ids: UserInfoIds): Member {
  const info = withIds(user_info, ids);
  return info === undefined ? { user_id } : { user_id, user_info: info };
}

/**
 * Converts `user_info.id` to a number only if the text is the exact decimal of a safe integer: `007` and
 * `9007199254740993` would become other ids. `user_id` stays a text, as the protocol requires.
 */
function withIds(info: Member['user_info'], ids: UserInfoIds): Member['user_info'] {
  const id = info?.['id'];
  const number = Number(id);
  const isExact = Number.isSafeInteger(number) && String(number) === id;
  return ids === 'number' && isExact ? { ...info, id: number } : info;
}

export type SignUser = (grant: SignInGrant) => SignedUser;

/**
 * Creates the function that signs granted sign-ins: `auth` = `key:hex(HMAC-SHA256(secret, socket_id::user::user_data))`
 * (Pusher Channels documentation, "Authenticating users"). It throws for an invalid grant: an empty user id, or a tenant
 * without an app.
 */
export function createUserSigner(apps: Pick<PusherApps, 'for'>): SignUser {
  const sign: SignUser = ({ tenantId, socketId, member: { user_id, user_info } }) => {
    const app = apps.for(tenantId);
    if (app === undefined) throw new Error('A sign-in for a tenant without a Pusher app');
    // A presence channel names the field `user_id`, a sign-in `id`.
    const user = user_info === undefined ? { id: user_id } : { id: user_id, user_info };
    return app.client.authenticateUser(socketId, user);
  };
  return (grant) => withSpan('sign', () => sign(grant));
}
