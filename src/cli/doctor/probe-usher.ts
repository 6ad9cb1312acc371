import { parseJsonObject } from '../../runtime/json.ts';
import { codeOf } from '../network-errors.ts';
import type { Fault, HttpResponse, UsherEvidence } from './check.ts';

const timeoutMs = 10_000;

/** The headers that pages send with pusher-js, Laravel Echo and axios. */
export const sentHeaders = [
  'authorization',
  'content-type',
  'x-csrf-token',
  'x-requested-with',
  'x-socket-id',
  'x-tenant-id',
  'x-xsrf-token',
];

/** Requests are those of a page of `origin`. */
export interface ProbeDeps {
  readonly usherUrl: string;
  readonly origin: string | undefined;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** A form as pusher-js posts it. */
export interface AuthRequest {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers?: Headers;
}

/** Where Laravel Echo requests authorization. */
export const defaultAuthPath = '/broadcasting/auth';

/** Sends the requests of a browser to this path, without a credential. */
export async function probeUsher(deps: ProbeDeps, path: string): Promise<UsherEvidence> {
  const fields = { socket_id: '1.1', channel_name: 'private-usher-doctor' };
  return {
    preflight: await send(deps, path, {
      method: 'OPTIONS',
      headers: {
        'access-control-request-method': 'POST',
        'access-control-request-headers': sentHeaders.join(','),
      },
    }),
    refusal: await post(deps, { path, fields }),
    slash: await post(deps, { path: `${path}/`, fields }),
  };
}

/** Posts a form. It follows no redirect, since a browser's preflight does not either. */
export function post(
  deps: ProbeDeps,
  { path, fields, headers = {} }: AuthRequest,
): Promise<HttpResponse | Fault> {
  return send(deps, path, { method: 'POST', body: new URLSearchParams(fields), headers });
}

/** Reads an address of the operator's port. */
export function get(
  deps: Pick<ProbeDeps, 'fetch' | 'now'>,
  { url, headers = {} }: { readonly url: string; readonly headers?: Headers | undefined },
): Promise<HttpResponse | Fault> {
  return request(deps, url, { headers });
}

type Headers = Readonly<Record<string, string>>;

function send(
  { usherUrl, origin, ...deps }: ProbeDeps,
  path: string,
  { headers, ...init }: Omit<RequestInit, 'headers'> & { readonly headers: Headers },
): Promise<HttpResponse | Fault> {
  const all = { ...headers, ...(origin !== undefined && { origin }) };
  return request(deps, usherUrl + path, { ...init, headers: all });
}

async function request(
  { fetch, now }: Pick<ProbeDeps, 'fetch' | 'now'>,
  url: string,
  init: RequestInit,
): Promise<HttpResponse | Fault> {
  const began = now();
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const json = parseJsonObject(await response.text());
    const { status, headers } = response;
    return { status, headers, tookMs: now() - began, ...(json && { json }) };
  } catch (error) {
    return { fault: codeOf(error) };
  }
}
