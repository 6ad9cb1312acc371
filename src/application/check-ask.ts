import type { Ask, AskRequest, LaravelAsk } from '../policy/ask.ts';
import { Redirected, type BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { maxTime } from '../policy/principal.ts';
import type { ChannelName, SocketId } from '../policy/pusher-names.ts';
import { askAuthZen, authZenPath } from './ask-authzen.ts';
import { laravelRequest } from './ask-laravel.ts';
import type { HttpSource } from './application-client.ts';

/** The path of the endpoint of the application. */
export function pathOfAsk(ask: Ask): string {
  return ask.type === 'laravel' ? ask.path : authZenPath;
}

/**
 * Sends a request about a made-up channel to the endpoint: with a made-up user to a policy decision point, and without a credential to
 * any other endpoint. Returns the reason if the response does not show that the endpoint works. Throws `Unavailable`.
 */
export async function checkAsk(ask: Ask, source: HttpSource): Promise<string | undefined> {
  if (ask.type === 'laravel') return checkLaravel(ask, source);
  await askAuthZen(ask, { ...madeUp, ask }, source);
  return undefined;
}

const id = 'usher-check';
const channel: ChannelName = { text: `private-${id}`, form: 'private', body: id };
const madeUp: Omit<AskRequest, 'ask'> = {
  channel,
  family: channel.text,
  params: {},
  headers: undefined,
  socketId: '1.1' as SocketId,
  principal: { kind: 'user', id, roles: [], expiresAt: maxTime },
};

/** A proxy responds with these if the application does not. An application may respond with 500 to a missing credential. */
const outages: ReadonlySet<number> = new Set([502, 503, 504]);
const accepted: ReadonlySet<number> = new Set([200, 401, 403]);

async function checkLaravel(ask: LaravelAsk, source: HttpSource): Promise<string | undefined> {
  const read = ({ status }: BoundedResponse): number => {
    if (outages.has(status)) throw new Error(`The response has status ${status}`);
    return status;
  };
  try {
    const status = await source.client.send({ ...laravelRequest(ask, madeUp, source), read });
    if (accepted.has(status)) return undefined;
    return `it responds with ${status} to a request without a credential`;
  } catch (error) {
    const path = loginPageOf(error);
    if (path === undefined) throw error;
    return `it redirects a request without a credential to ${path}; respond with 401 instead, because a redirect is a 503 for a visitor whose login has ended`;
  }
}

/** Most frameworks redirect a visitor without a login to another page of theirs. */
function loginPageOf(error: unknown): string | undefined {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Redirected ? cause.otherPath : undefined;
}
