import type { Ask, AskRequest, LaravelAsk } from '../policy/ask.ts';
import { maxTime } from '../policy/principal.ts';
import type { ChannelName, SocketId } from '../policy/pusher-names.ts';
import { askAuthZen, authZenPath } from './ask-authzen.ts';
import { laravelRequest } from './ask-laravel.ts';
import type { HostSource } from './host-client.ts';

/** The path of the endpoint of the application. */
export function pathOfAsk(ask: Ask): string {
  return ask.type === 'laravel' ? ask.path : authZenPath;
}

/**
 * Sends a request about a made-up channel to the endpoint: with a made-up user to a policy decision point, and without a credential to
 * any other endpoint. Returns the reason if the response does not show that the endpoint works. Throws `Unavailable`.
 */
export async function checkAsk(ask: Ask, source: HostSource): Promise<string | undefined> {
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

async function checkLaravel(ask: LaravelAsk, source: HostSource): Promise<string | undefined> {
  const status = await source.client.send({
    ...laravelRequest(ask, madeUp, source),
    read: (response) => {
      if (outages.has(response.status)) {
        throw new Error(`The response has status ${response.status}`);
      }
      return response.status;
    },
  });
  if (accepted.has(status)) return undefined;
  return `it responds with ${status} to a request without a credential`;
}
