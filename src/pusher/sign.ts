import { withSpan } from '../observability/tracing/span.ts';
import type { Grant, Member } from '../policy/decision.ts';
import type { PusherApps, SigningApp } from './apps.ts';
import type { SigningStyle, UserInfoIds } from './signing-style.ts';
import { withIds } from './user-info.ts';

/** What a client hands to the Pusher server as proof, in Pusher's own field names. */
export interface ChannelSignature {
  readonly auth: string;
  /** JSON text of the member. */
  readonly channel_data?: string;
  /** The key of an encrypted channel, in base64. */
  readonly shared_secret?: string;
}

/** Signs what was granted, and nothing else: it takes no channel name, so it cannot become a signing oracle. */
export interface Signer {
  readonly sign: (grant: Grant) => ChannelSignature;
  /** Whether the tenant's app has a master key, so that its private-encrypted channels exist. */
  readonly encrypts: (tenantId: string | undefined) => boolean;
}

/**
 * Creates the signer of grants, with `auth` = `key:hex(HMAC-SHA256(secret, socket_id:channel_name[:channel_data]))` and
 * `shared_secret` = base64(SHA-256(channel name ‖ master key)) (Pusher Channels documentation, "Auth signatures").
 * With `privateMembers` off, private channels are signed without a member, for clients that drop `channel_data`.
 * `sign` throws for a grant that ought not to exist: no app, a presence channel without a member, no master key.
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
    encrypts: (tenantId) => apps.for(tenantId)?.encrypts ?? false,
  };
}

function signWith(
  app: SigningApp,
  { channel, socketId, member }: Grant,
  { userInfoIds, privateMembers }: SigningStyle,
): ChannelSignature {
  if (channel.form === 'presence' && member === undefined) {
    // `pusher` would sign it, and the server would then take whatever identity the client adds.
    throw new Error('A grant for a presence channel without a member');
  }
  // soketi 1.6 leaves channel_data out of what it checks, except on presence channels, and would refuse with 401.
  const isUnsigned = app.dialect === 'soketi' && channel.form !== 'presence';
  const isOmitted = privateMembers === 'off' && channel.form === 'private' && !isUnsigned;
  const data = member && !isOmitted ? channelData(member, userInfoIds) : undefined;
  const signed = isUnsigned ? undefined : data;
  const { auth, shared_secret } = app.client.authorizeChannel(socketId, channel.text, signed);
  return {
    auth,
    ...(data === undefined ? {} : { channel_data: JSON.stringify(data) }),
    ...(shared_secret === undefined ? {} : { shared_secret }),
  };
}

/** The member with `user_id` first, as existing clients have always received it, and with no field but Pusher's two. */
function channelData({ user_id, user_info }: Member, ids: UserInfoIds): Member {
  const info = withIds(user_info, ids);
  return info === undefined ? { user_id } : { user_id, user_info: info };
}
