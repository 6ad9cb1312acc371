import { createHmac } from 'node:crypto';
import type { Keys } from '../keys.ts';
import type { Expected } from './request.ts';

interface Signed {
  readonly auth?: string;
  readonly channel_data?: string;
}

/** Describes the error in the body of a response with the expected status; `undefined` if it is correct. */
export function findError(body: string, expected: Expected, keys: Keys): string | undefined {
  const response = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (expected.listed !== undefined) return missingIn(response['channels'], expected.listed);
  if (expected.channels.length === 0) {
    return 'auth' in response ? 'the response has a signature but must be a refusal' : undefined;
  }
  const wrong = expected.channels.find((channel) => {
    const entry = response[channel] as { readonly data?: Signed } | undefined;
    const signed = expected.channels.length === 1 ? response : (entry?.data ?? {});
    return !isValid(signed, [expected.socketId, channel], keys);
  });
  return wrong === undefined ? undefined : `invalid signature for ${wrong}: ${body.slice(0, 200)}`;
}

function missingIn(list: unknown, expected: readonly string[]): string | undefined {
  const channels = Array.isArray(list) ? (list as readonly unknown[]) : [];
  const missing = expected.find((channel) => !channels.includes(channel));
  return missing === undefined ? undefined : `${missing} is not in the list`;
}

function isValid(signed: Signed, signedParts: readonly string[], keys: Keys): boolean {
  const parts =
    signed.channel_data === undefined ? signedParts : [...signedParts, signed.channel_data];
  const hmac = createHmac('sha256', keys.pusherSecret).update(parts.join(':')).digest('hex');
  return signed.auth === `${keys.pusherKey}:${hmac}`;
}
