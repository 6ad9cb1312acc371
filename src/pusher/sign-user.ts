import { withSpan } from '../observability/tracing/span.ts';
import type { SignInGrant } from '../policy/decision.ts';
import type { PusherApps } from './apps.ts';

/** The answer to `pusher.signin()`, in Pusher's own field names; `user_data` is a JSON text. */
export interface SignedUser {
  readonly auth: string;
  readonly user_data: string;
}

/** Signs a sign-in that was granted. */
export type SignUser = (grant: SignInGrant) => SignedUser;

/**
 * Creates the signer of sign-ins, with `auth` = `key:hex(HMAC-SHA256(secret, socket_id::user::user_data))`
 * (Pusher Channels documentation, "Authenticating users").
 * The signer throws for a grant that ought not to exist: an empty user id, or a tenant without an app.
 */
export function createUserSigner(apps: Pick<PusherApps, 'for'>): SignUser {
  const sign: SignUser = ({ tenantId, socketId, member: { user_id, user_info } }) => {
    const app = apps.for(tenantId);
    if (app === undefined) throw new Error('A sign-in for a tenant without a Pusher app');
    // The same person is `user_id` to a presence channel and `id` to a sign-in.
    const user = user_info === undefined ? { id: user_id } : { id: user_id, user_info };
    return app.client.authenticateUser(socketId, user);
  };
  return (grant) => withSpan('sign', () => sign(grant));
}
