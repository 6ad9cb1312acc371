import type { TestUsher } from '../../support/usher.ts';
import { tryClient } from '../../support/web-socket.ts';
import { send, type TestResponse, type TestRequest } from '../requests.ts';
import { present } from './fixture.ts';
import { preconditions } from './preconditions.ts';
import type { Documented } from './read-document.ts';
import { requestOf, type Change } from './requests.ts';

/** The expected response of an operation, and the type of the request body. */
export interface Wanted {
  readonly name: string;
  readonly type: string | undefined;
}

/** Makes the documented request for a response, with valid credentials and its preconditions, or with invalid ones. */
export async function replay(
  usher: TestUsher,
  documented: Documented,
  wanted: Wanted & { readonly badCredentials?: boolean },
): Promise<TestResponse> {
  const { method, path, port } = documented;
  const { name, badCredentials = false } = wanted;
  const taken = preconditions[`${method} ${path} ${name}`] ?? preconditions[name];
  const change = (await taken?.(usher, documented)) ?? {};
  const credentials = await present(schemesOf(documented), usher, !badCredentials);
  const request = requestOf(documented, wanted, together(credentials, change));
  const isHandshake = '101' in documented.operation.responses && name !== 'no-handshake';
  return isHandshake ? handshake(usher, request) : send(usher[port], request);
}

function schemesOf({ operation }: Documented): readonly string[] {
  return Object.keys(operation.security[0] ?? {});
}

function together(credentials: Change, change: Change): Change {
  return {
    ...change,
    headers: { ...credentials.headers, ...change.headers },
    query: { ...credentials.query, ...change.query },
  };
}

async function handshake(
  usher: TestUsher,
  { path, headers = {} }: TestRequest,
): Promise<TestResponse> {
  const client = await tryClient(usher.public, path, { headers });
  if ('socket' in client) {
    client.socket.terminate();
    const headers = new Headers({ 'x-request-id': 'of a WebSocket' });
    return { status: 101, headers, text: '', body: undefined };
  }
  const { status, headers: received, text } = client;
  const entries = Object.entries(received).map(([name, value]) => [name, String(value)] as const);
  return {
    status,
    text,
    body: JSON.parse(text) as unknown,
    headers: new Headers(entries as [string, string][]),
  };
}
