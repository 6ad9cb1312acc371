import { createHmac } from 'node:crypto';
import { pusherApp } from '../support/usher.ts';
import type { TestRequest } from './requests.ts';

/** Changes to a webhook of a Pusher server. */
export interface WebhookRequest {
  readonly key?: string;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The request of a Pusher server with this body, signed without any library of Pusher's. */
export function webhook(
  body: string,
  { key = pusherApp.key, secret = pusherApp.secret, headers = {} }: WebhookRequest = {},
): TestRequest {
  const all: Readonly<Record<string, string | undefined>> = {
    'content-type': 'application/json',
    'x-pusher-key': key,
    'x-pusher-signature': createHmac('sha256', secret).update(body).digest('hex'),
    ...headers,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  return { path: '/pusher/webhooks', headers: Object.fromEntries(sent), body };
}

/** The body of a webhook, by its time in milliseconds since the epoch. */
export function webhookBody(at: number, ...events: readonly object[]): string {
  return JSON.stringify({ time_ms: at, events });
}
