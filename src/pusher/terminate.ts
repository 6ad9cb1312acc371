import { setTimeout as sleep } from 'node:timers/promises';
import { isPathSegment } from '../policy/member.ts';
import { unobserved, type Observe } from '../runtime/observe.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { PusherApps, SigningApp } from './apps.ts';
import { requestApi, type HttpApiResult } from './http-api.ts';
import type { AppUser } from './tracked-connection.ts';

/** Terminates all connections of a user. Throws `Unavailable` if the server does not confirm it. */
type Terminate = (user: AppUser) => Promise<void>;

/**
 * `POST /apps/{app}/users/{user}/terminate_connections` (Pusher Channels HTTP API), or `…/force_reconnect` at Sockudo. 200 also
 * if the user has no connection.
 */
export function createTerminate(
  apps: Pick<PusherApps, 'withKey'>,
  observe: Observe = unobserved,
): Terminate {
  return (user) => observe(() => terminate(user, apps));
}

async function terminate(user: AppUser, apps: Pick<PusherApps, 'withKey'>): Promise<void> {
  const app = apps.withKey(user.appKey);
  if (app === undefined) throw unavailable('the app is no longer configured');
  // `pusher` does not encode the id in the path.
  if (!isPathSegment(user.userId, app.rules.maxUserIdLength)) {
    throw unavailable('not a valid Pusher user id');
  }
  const result = await Promise.race([endConnections(app, user.userId), timedOut()]);
  if ('fault' in result) {
    throw unavailable(result.fault === 'timeout' ? 'no response' : `no response (${result.fault})`);
  }
  if (result.status !== 200) throw unavailable(`status ${result.status}`);
}

/** The timeout of the whole exchange; npm `pusher` reads the body of an error without a limit. */
const timeoutMs = 4_000;

/** Pages whose connection is terminated stay disconnected, so Usher prefers that they reconnect, and are authorized again. */
async function endConnections(app: SigningApp, id: string): Promise<HttpApiResult> {
  if (app.rules.forcesReconnect) {
    const path = `/users/${id}/force_reconnect`;
    // The type in `pusher` is a text, but it sends an object as JSON, as for `terminate_connections`.
    const result = await requestApi(app, (client) => client.post({ path, body: {} as never }));
    // Sockudo before 5.0 has no such route.
    if ('fault' in result || result.status !== 404) return result;
  }
  return requestApi(app, (client) => client.terminateUserConnections(id));
}

async function timedOut(): Promise<HttpApiResult> {
  await sleep(timeoutMs, undefined, { ref: false });
  return { fault: 'timeout' };
}

function unavailable(reason: string): Unavailable {
  return new Unavailable('Pusher server', { cause: new Error(reason) });
}
