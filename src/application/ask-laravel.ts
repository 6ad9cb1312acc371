import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import type { AskRequest, AskResponse, ApplicationMember, LaravelAsk } from '../policy/ask.ts';
import { headersHash } from './forwarded.ts';
import { type ApplicationRequest, urlOfPath, type HttpSource } from './application-client.ts';
import { memberOf, readJsonObject } from './json-response.ts';

/** The statuses by which an endpoint refuses a channel. */
const refusals: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * Sends the auth request of pusher-js to the endpoint of the application. Its signature is discarded: Usher signs. Equal
 * requests of one visitor are sent once at a time. Throws `Unavailable` for a response that is neither a grant nor a refusal.
 */
export function askLaravel(
  ask: LaravelAsk,
  request: AskRequest,
  source: HttpSource,
): Promise<AskResponse> {
  const isPresence = request.channel.form === 'presence';
  return source.client.send({
    ...laravelRequest(ask, request, source),
    read: (response) => readResponse(response, isPresence),
  });
}

/** The auth request of pusher-js to the endpoint of the application. */
export function laravelRequest(
  ask: LaravelAsk,
  { channel, socketId, headers }: Pick<AskRequest, 'channel' | 'socketId' | 'headers'>,
  source: HttpSource,
): Omit<ApplicationRequest<unknown>, 'read'> {
  const forwarded = headers?.select(ask.forward) ?? {};
  const url = urlOfPath(source, ask.path);
  return {
    key: `${url.href} ${channel.text} ${headersHash(forwarded)}`,
    url,
    // Not the token of the source: the endpoint would decide about Usher in place of a visitor without a credential.
    headers: {
      ...forwarded,
      // Without it Laravel redirects to its login page.
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ socket_id: socketId, channel_name: channel.text }).toString(),
    silenceMs: ask.timeoutMs,
  };
}

function readResponse({ status, text }: BoundedResponse, isPresence: boolean): AskResponse {
  if (refusals.has(status)) return { isGranted: false, refusedWith: status };
  if (status !== 200) throw new Error(`The response has status ${status}`);
  const response = readJsonObject(text);
  const auth = memberOf(response, 'auth');
  if (typeof auth !== 'string' || auth === '') throw new Error('The response has no auth');
  return isPresence
    ? { isGranted: true, member: readMember(memberOf(response, 'channel_data')) }
    : { isGranted: true };
}

function readMember(text: unknown): ApplicationMember {
  if (typeof text !== 'string') throw new Error('The response has no channel_data');
  const { user_id: id, user_info: info } = readData(text);
  // JSON numbers beyond this are not exact, so they could be the id of somebody else.
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) {
    throw new Error('The user_id in channel_data of the response is neither a text nor an integer');
  }
  const user_id = id as string | number;
  return {
    user_id: String(user_id),
    data: info === undefined ? { user_id } : { user_id, user_info: info },
  };
}

function readData(text: string) {
  try {
    const data = readJsonObject(text);
    return { user_id: memberOf(data, 'user_id'), user_info: memberOf(data, 'user_info') };
  } catch {
    throw new Error('The channel_data of the response is not a JSON object');
  }
}
