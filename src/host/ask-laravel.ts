import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import type { ChannelQuestion, HostAnswer, HostMember, LaravelAsk } from '../policy/ask.ts';
import { hashOf } from './forwarded.ts';
import { addressOf, type HostSource } from './host-source.ts';
import { memberOf, readJsonObject } from './json-answer.ts';

/** The statuses by which an endpoint refuses a channel. */
const refusals: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * Asks the endpoint of the application as pusher-js does. Its signature is thrown away: Usher signs. The same question of the
 * same visitor is asked once at a time. Throws `Unavailable` for an answer that is neither yes nor no.
 */
export function askLaravel(
  ask: LaravelAsk,
  { channel, socketId, headers }: ChannelQuestion,
  source: HostSource,
): Promise<HostAnswer> {
  const forwarded = headers?.select(ask.forward) ?? {};
  const url = addressOf(source, ask.path);
  return source.client.ask({
    key: `${url.href} ${channel.text} ${hashOf(forwarded)}`,
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
    read: (answer) => readAnswer(answer, channel.form === 'presence'),
  });
}

function readAnswer({ status, text }: BoundedResponse, isPresence: boolean): HostAnswer {
  if (refusals.has(status)) return { isYes: false, refusedWith: status };
  if (status !== 200) throw new Error(`It answered with status ${status}`);
  const answer = readJsonObject(text);
  const auth = memberOf(answer, 'auth');
  if (typeof auth !== 'string' || auth === '') throw new Error('It answered without auth');
  return isPresence
    ? { isYes: true, member: readMember(memberOf(answer, 'channel_data')) }
    : { isYes: true };
}

function readMember(text: unknown): HostMember {
  if (typeof text !== 'string') throw new Error('It answered without channel_data');
  const { user_id: id, user_info: info } = readData(text);
  // JSON numbers beyond this are not exact, so they could be the id of somebody else.
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) {
    throw new Error('It answered with channel_data whose user_id is neither a text nor an integer');
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
    throw new Error('It answered with channel_data that is not a JSON object');
  }
}
