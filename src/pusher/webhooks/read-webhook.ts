import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import type { ReadWebhook, SignedBody, Webhook, WebhookEvent } from './webhook.ts';
import type { PusherApp } from '../pusher-app.ts';
import { fromUserId } from '../../policy/member.ts';
import { isJsonObject, parseJson } from '../../runtime/json.ts';

/** The secret of a key, and the current key of its app. */
interface WebhookKey {
  readonly secret: Secret;
  readonly appKey: string;
}

/**
 * Creates the function that verifies and parses webhooks: `X-Pusher-Key` names the key, `X-Pusher-Signature` is
 * hex(HMAC-SHA256(secret, body)) over the bytes of the body (Pusher Channels documentation, "Webhooks"). Retiring keys are
 * accepted. npm `pusher` is not used: it throws a TypeError without a signature, and refuses
 * `application/json; charset=utf-8`.
 */
export function createWebhookReader(apps: readonly PusherApp[]): ReadWebhook {
  const keys = new Map<string, WebhookKey>();
  for (const { key, secret, retiring } of apps) {
    keys.set(key, { secret, appKey: key });
    if (retiring !== undefined) keys.set(retiring.key, { secret: retiring.secret, appKey: key });
  }
  return (signed) => {
    const key = keys.get(signed.key ?? '');
    if (key === undefined || !isSigned(signed, key.secret)) return 'forged';
    return parse(signed.body, key.appKey) ?? 'malformed';
  };
}

/** Creates the function for the current secrets and previous ones that are still accepted. */
export function webhookReaderWithPrevious(versions: {
  readonly all: readonly ReadWebhook[];
}): ReadWebhook {
  return (signed) => {
    for (const read of versions.all) {
      const webhook = read(signed);
      if (webhook !== 'forged') return webhook;
    }
    return 'forged';
  };
}

function isSigned({ signature, body }: SignedBody, secret: Secret): boolean {
  // Buffer.from stops at the first invalid character, so a signature with a suffix would be accepted.
  if (signature === undefined || !/^[0-9a-f]{64}$/i.test(signature)) return false;
  const expected = createHmac('sha256', secret.reveal()).update(body).digest();
  return timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}

function parse(body: Buffer, appKey: string): Webhook | undefined {
  const value = parseJson(body.toString('utf8'));
  if (!isJsonObject(value)) return undefined;
  const { time_ms: at, events } = value;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || !Array.isArray(events)) {
    return undefined;
  }
  const read = (events as unknown[]).map(parseEvent);
  if (read.includes('malformed')) return undefined;
  return { appKey, at, events: read.filter((event) => typeof event === 'object') };
}

/** An event; `unknown` for other events, which later versions of a server may send. */
function parseEvent(event: unknown): WebhookEvent | 'unknown' | 'malformed' {
  if (!isJsonObject(event) || typeof event['name'] !== 'string') return 'malformed';
  const { name, channel } = event;
  const userId = idOf(event['user_id']);
  switch (name) {
    case 'channel_occupied':
    case 'channel_vacated':
      return typeof channel === 'string' ? { name, channel } : 'malformed';
    case 'member_added':
    case 'member_removed':
      if (typeof channel !== 'string' || userId === undefined) return 'malformed';
      return { name, channel, userId };
    case 'client_event': {
      if (typeof channel !== 'string') return 'malformed';
      const socketId = idOf(event['socket_id']);
      // The event also has the message itself, which is dropped here.
      return {
        name,
        channel,
        ...(userId && { userId: fromUserId(userId) }),
        ...(socketId && { socketId }),
      };
    }
    default:
      return 'unknown';
  }
}

/** Ids are map keys, so their length is limited: to that of the longest id that Usher signs. */
const maxIdLength = 1024;

/** The id of a user or a socket. Another auth endpoint may have signed a user as a number. */
function idOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' && text.length <= maxIdLength ? text : undefined;
}
