import { expect } from 'vitest';
import { speak } from '../http/raw-socket.ts';
import { send, type TestResponse, type TestRequest } from '../http/requests.ts';
import {
  createOracle,
  signaturesIn,
  type AllowedChannels,
  type Caller,
} from '../support/oracle.ts';
import { pusherApp, userToken } from '../support/usher.ts';

const oracle = createOracle(pusherApp);

/** Credentials of each caller as headers; a guest's are in the form. */
export const headersOf: Readonly<Record<Caller, () => Readonly<Record<string, string>>>> = {
  nobody: () => ({}),
  'user 15 of tenant 1': () => bearer(userToken(), '1'),
  'user 16 of tenant 1': () => bearer(userToken({ sub: '16' }), '1'),
  'user 17 of tenant 1': () => bearer(userToken({ sub: '17' }), '1'),
  'admin of tenant 1': () => bearer(userToken({ sub: '99', role: 'admin' }), '1'),
  'user 15 of tenant 2': () => bearer(userToken({ tenant_id: '2' }), '2'),
  'guest of the hotel': () => ({}),
};

function bearer(token: string, tenant: string) {
  return { authorization: `Bearer ${token}`, 'x-tenant-id': tenant };
}

/** Fails if the response has a signature that must not exist, or is an internal error. */
export function expectNoForgery(
  response: Pick<TestResponse, 'status' | 'text'>,
  allowed: AllowedChannels,
): void {
  expect(oracle.forged(response.text, allowed)).toEqual([]);
  expect(response.status).toBeLessThan(500);
}

/** Sends a request, and fails unless it is refused with one of these statuses and without a signature. */
export async function expectRefused(
  base: string,
  request: TestRequest,
  statuses: readonly number[] = [400, 401, 403],
): Promise<TestResponse> {
  const response = await send(base, request);
  expect(statuses, response.text).toContain(response.status);
  expect(signaturesIn(response.text)).toEqual([]);
  expect(response.text).not.toMatch(/"(auth|channel_data|user_data|shared_secret)"/);
  return response;
}

/** A form with exactly these pairs, including repeated ones. */
export function formOf(
  pairs: readonly (readonly [string, string])[],
): Pick<TestRequest, 'headers' | 'body'> {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: pairs
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&'),
  };
}

/** The first response on a socket. */
export interface Received {
  readonly status: number;
  /** The status line and the headers, in lower case. */
  readonly head: string;
  readonly text: string;
}

/** Writes these bytes, which must make the other side close the connection, and reads the response. */
export async function receive(address: string, bytes: string | Buffer): Promise<Received> {
  const received = await speak(address, bytes);
  const end = received.indexOf('\r\n\r\n');
  const head = received.slice(0, Math.max(end, 0)).toLowerCase();
  return { status: Number(head.split(' ')[1]), head, text: received.slice(end + 4) };
}

/** A request for a raw socket: these lines, its length, and `Connection: close`. */
export function raw(start: string, lines: readonly string[], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[`${start} HTTP/1.1`, ...lines, ...length, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
}

/** The header lines of user 15 of tenant 1, and of a form. */
export function userLines(): readonly string[] {
  return [
    'Host: usher',
    `Authorization: Bearer ${userToken()}`,
    'X-Tenant-ID: 1',
    'Content-Type: application/x-www-form-urlencoded',
  ];
}
