import type { AppUser } from '../core/live-grant.ts';
import { Unavailable } from '../core/unavailable.ts';
import type { PusherApps } from './apps.ts';
import { saidStatus } from './said.ts';

/** Ends all connections of a user. Throws `Unavailable` when the server did not say that it has. */
export type Terminate = (user: AppUser) => Promise<void>;

/** What a Pusher server takes for a user's id; '.' and '..' are made of its characters and would walk up the path. */
const userId = /^(?!\.{1,2}$)[A-Za-z0-9_\-=@,.;]{1,128}$/;

/**
 * Creates what asks the Pusher servers to end connections: `POST /apps/{app}/users/{user}/terminate_connections`
 * (Pusher Channels HTTP API). It answers 200 also where the user has none.
 */
export function createTerminate(apps: Pick<PusherApps, 'withKey'>): Terminate {
  return async (user) => {
    const app = apps.withKey(user.appKey);
    if (app === undefined) throw unavailable('the app is not configured any more');
    // `pusher` puts the id into the path as it is.
    if (!userId.test(user.userId)) throw unavailable('the id is none of a Pusher user');
    let status: unknown;
    try {
      status = await saidStatus(await app.client.terminateUserConnections(user.userId));
    } catch (error) {
      // Its own error holds the address with our signature in it.
      ({ status } = error as { readonly status?: unknown });
    }
    if (status === 200) return;
    throw unavailable(typeof status === 'number' ? `status ${status}` : 'no answer');
  };
}

function unavailable(why: string): Unavailable {
  return new Unavailable('Pusher server', { cause: new Error(why) });
}
