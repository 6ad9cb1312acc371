import { createHmac } from 'node:crypto';
import { guestToken, pusherApp, userToken } from '../support/usher.ts';

export type Texts = Readonly<Record<string, string>>;

/** A request of a client. */
export interface TestRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Texts;
  readonly body?: string | URLSearchParams | FormData;
}

/** A response. */
export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON, or `undefined` if it is not JSON. */
  readonly body: unknown;
}

export const socketId = '1234.5678';

/** The channel of the demo's booking. */
export const guestChannel = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';

/** Sends the request over a real connection. */
export async function send(
  base: string,
  { path, method = 'POST', headers = {}, body }: TestRequest,
): Promise<TestResponse> {
  const init = { method, headers, redirect: 'manual' as const };
  const response = await fetch(base + path, body === undefined ? init : { ...init, body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: json(text) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Changes to a valid request; `undefined` removes a field or a header. */
export interface RequestOptions {
  readonly path?: string;
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** A valid request of pusher-js on the hotel's page. */
export function guestRequest({ path, fields, headers }: RequestOptions = {}): TestRequest {
  return {
    path: path ?? '/api/guest/hotel/grand-hotel/chat/pusher/auth',
    headers: withoutGaps(headers ?? {}),
    body: form({
      socket_id: socketId,
      channel_name: guestChannel,
      token: guestToken(),
      ...fields,
    }),
  };
}

/** A valid request of Laravel Echo for user 15 of tenant 1. */
export function userRequest({ path, fields, headers }: RequestOptions = {}): TestRequest {
  return {
    path: path ?? '/broadcasting/auth',
    headers: withoutGaps({
      authorization: `Bearer ${userToken()}`,
      'x-tenant-id': '1',
      ...headers,
    }),
    body: form({ socket_id: socketId, channel_name: 'private-tenant.1.user.15', ...fields }),
  };
}

/** A valid request of `pusher.signin()` for user 15 of tenant 1. */
export function signInRequest({ path, fields, headers }: RequestOptions = {}): TestRequest {
  return userRequest({
    path: path ?? '/broadcasting/user-auth',
    fields: { channel_name: undefined, ...fields },
    ...(headers && { headers }),
  });
}

/** The same request with a JSON body, from the fields of its form or from the text given. */
export function asJson(request: TestRequest, text?: string): TestRequest {
  const fields = request.body instanceof URLSearchParams ? Object.fromEntries(request.body) : {};
  return {
    ...request,
    headers: { ...request.headers, 'content-type': 'application/json' },
    body: text ?? JSON.stringify(fields),
  };
}

function form(fields: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(withoutGaps(fields));
}

function withoutGaps(from: Readonly<Record<string, string | undefined>>): Texts {
  return Object.fromEntries(
    Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The signature that a Pusher server expects of these parts, made without the library that we sign with. */
export function signature(...parts: readonly string[]): string {
  const hmac = createHmac('sha256', pusherApp.secret).update(parts.join(':'));
  return `${pusherApp.key}:${hmac.digest('hex')}`;
}
