import { createPusherApps } from './apps.ts';
import { httpApiStatus } from './http-api-status.ts';
import type { PusherApp } from './pusher-app.ts';

/** What the HTTP API said: a status and its `Date`, or why it said nothing. */
export type HttpApiResult =
  { readonly status: number; readonly date?: string } | { readonly fault: string };

/**
 * Asks the HTTP API for the app's channels, signed as every other question of ours (`GET /apps/{app}/channels`, Pusher
 * Channels HTTP API). Never throws: to find out why it fails is the purpose.
 */
export async function requestChannels(app: PusherApp): Promise<HttpApiResult> {
  const client = createPusherApps(app).for(undefined)?.client;
  try {
    const response = await client?.get({ path: '/channels' });
    if (response === undefined) return { fault: 'unknown' };
    const date = response.headers.get('date');
    return { status: await httpApiStatus(response), ...(date !== null && { date }) };
  } catch (error) {
    // Its message holds the address with our signature in it; only the status or the code may leave here.
    const { status, error: cause } = error as {
      readonly status?: unknown;
      readonly error?: { readonly code?: unknown };
    };
    if (typeof status === 'number') return { status };
    return { fault: typeof cause?.code === 'string' ? cause.code : 'timeout' };
  }
}
