import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import type { ReadWebhook, SignedBody, Webhook, WebhookEvent } from './webhook.ts';
import type { PusherApp } from '../pusher-app.ts';

/** A key whose signature counts, and the key by which its app signs now. */
interface WebhookKey {
  readonly secret: Secret;
  readonly appKey: string;
}

/**
 * Creates the reader of webhooks of these apps: `X-Pusher-Key` names the key, `X-Pusher-Signature` is hex(HMAC-SHA256(secret, body))
 * over the bytes of the body (Pusher Channels documentation, "Webhooks"). A key that is being retired still counts.
 * npm `pusher` is not asked: without a signature it throws a TypeError, and it takes no `application/json; charset=utf-8`.
 */
export function createWebhookReader(apps: readonly PusherApp[]): ReadWebhook {
  const keys = new Map<string, WebhookKey>();
  for (const { key, secret, retiring } of apps) {
    keys.set(key, { secret, appKey: key });
    if (retiring !== undefined) keys.set(retiring.key, { secret: retiring.secret, appKey: key });
  }
  return (signed) => {
    const known = keys.get(signed.key ?? '');
    if (known === undefined || !isSigned(signed, known.secret)) return 'forged';
    return parse(signed.body, known.appKey) ?? 'malformed';
  };
}

function isSigned({ signature, body }: SignedBody, secret: Secret): boolean {
  // Buffer.from stops at the first character that is no hex digit, so a longer text would pass for a shorter one.
  if (signature === undefined || !/^[0-9a-f]{64}$/i.test(signature)) return false;
  const expected = createHmac('sha256', secret.reveal()).update(body).digest();
  return timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(body: Buffer, appKey: string): Webhook | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { time_ms: at, events } = value;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || !Array.isArray(events)) {
    return undefined;
  }
  const read = (events as unknown[]).map(parseEvent);
  if (read.includes('malformed')) return undefined;
  return { appKey, at, events: read.filter((event) => typeof event === 'object') };
}

/** An event; `unknown` for one that we have no use for, which a later version of a server may well send. */
function parseEvent(event: unknown): WebhookEvent | 'unknown' | 'malformed' {
  if (!isObject(event) || typeof event['name'] !== 'string') return 'malformed';
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
      // What was said is in the event too, and goes no further than here.
      return { name, channel, ...(userId && { userId }), ...(socketId && { socketId }) };
    }
    default:
      return 'unknown';
  }
}

/** Longer than any real one; ids are kept to count by. */
const maxIdLength = 255;

/** A user's id, which a host's own endpoint may have signed as a number. */
function idOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' && text.length <= maxIdLength ? text : undefined;
}
