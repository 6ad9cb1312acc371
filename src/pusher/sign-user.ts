import { withSpan } from '../observability/tracing/span.ts';
import type { SignInGrant } from '../policy/decision.ts';
import type { PusherApps } from './apps.ts';
import type { SignedUser } from './signatures.ts';

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
