import { setTimeout as sleep } from 'node:timers/promises';
import { unobserved, type Observe } from '../runtime/observe.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { PusherApps, SigningApp } from './apps.ts';
import { httpApiStatus } from './http-api-status.ts';
import type { AppUser } from './tracked-connection.ts';

/** Ends all connections of a user. Throws `Unavailable` when the server did not say that it has. */
export type Terminate = (user: AppUser) => Promise<void>;

/** What a Pusher server takes for a user's id; '.' and '..' are made of its characters and would walk up the path. */
const userId = /^(?!\.{1,2}$)[A-Za-z0-9_\-=@,.;]{1,128}$/;

/**
 * Creates what asks the Pusher servers to end connections: `POST /apps/{app}/users/{user}/terminate_connections`
 * (Pusher Channels HTTP API). It answers 200 also where the user has none.
 */
export function createTerminate(
  apps: Pick<PusherApps, 'withKey'>,
  observe: Observe = unobserved,
): Terminate {
  return (user) => observe(() => terminate(user, apps));
}

async function terminate(user: AppUser, apps: Pick<PusherApps, 'withKey'>): Promise<void> {
  const app = apps.withKey(user.appKey);
  if (app === undefined) throw unavailable('the app is not configured any more');
  // `pusher` puts the id into the path as it is.
  if (!userId.test(user.userId)) throw unavailable('the id is not one of a Pusher user');
  const status = await Promise.race([statusOf(app, user.userId), timedOut()]);
  if (status === 200) return;
  throw unavailable(typeof status === 'number' ? `status ${status}` : status);
}

/** Milliseconds for the whole exchange; npm `pusher` reads the body of an error without a limit. */
const timeoutMs = 4_000;

/** The status that the server answered, or why there is none. */
async function statusOf({ client }: SigningApp, id: string): Promise<number | string> {
  try {
    return await httpApiStatus(await client.terminateUserConnections(id));
  } catch (error) {
    // Its own message holds the address with our signature in it; only the status or the code may leave here.
    const { status, error: cause } = error as {
      readonly status?: unknown;
      readonly error?: { readonly code?: unknown };
    };
    if (typeof status === 'number') return status;
    return typeof cause?.code === 'string' ? `no answer (${cause.code})` : 'no answer';
  }
}

async function timedOut(): Promise<string> {
  await sleep(timeoutMs, undefined, { ref: false });
  return 'no answer';
}

function unavailable(why: string): Unavailable {
  return new Unavailable('Pusher server', { cause: new Error(why) });
}
