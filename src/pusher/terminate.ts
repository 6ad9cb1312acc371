import { setTimeout as sleep } from 'node:timers/promises';
import { isPathSegment } from '../policy/member.ts';
import { unobserved, type Observe } from '../runtime/observe.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { PusherApps, SigningApp } from './apps.ts';
import { httpApiError, httpApiStatus } from './http-api.ts';
import { pusherServers } from './servers.ts';
import type { AppUser } from './tracked-connection.ts';

/** Terminates all connections of a user. Throws `Unavailable` if the server does not confirm it. */
export type Terminate = (user: AppUser) => Promise<void>;

/** `POST /apps/{app}/users/{user}/terminate_connections` (Pusher Channels HTTP API), 200 also if the user has no connection. */
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
  if (!isPathSegment(user.userId, pusherServers[app.dialect].maxUserIdLength)) {
    throw unavailable('not a valid Pusher user id');
  }
  const status = await Promise.race([statusOf(app, user.userId), timedOut()]);
  if (status === 200) return;
  throw unavailable(typeof status === 'number' ? `status ${status}` : status);
}

/** The timeout of the whole exchange; npm `pusher` reads the body of an error without a limit. */
const timeoutMs = 4_000;

/** The status of the response, or why there is none. */
async function statusOf({ client }: SigningApp, id: string): Promise<number | string> {
  try {
    return await httpApiStatus(await client.terminateUserConnections(id));
  } catch (error) {
    const { status, code } = httpApiError(error);
    return status ?? (code === undefined ? 'no answer' : `no answer (${code})`);
  }
}

async function timedOut(): Promise<string> {
  await sleep(timeoutMs, undefined, { ref: false });
  return 'no answer';
}

function unavailable(reason: string): Unavailable {
  return new Unavailable('Pusher server', { cause: new Error(reason) });
}
