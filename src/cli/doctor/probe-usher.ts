import { parseJsonObject } from '../json-object.ts';
import { codeOf } from '../network-errors.ts';
import type { Fault, HttpResponse, UsherEvidence } from './check.ts';

const timeoutMs = 10_000;

/** The headers that pages send with pusher-js, Laravel Echo and axios. */
export const sentHeaders = [
  ...['authorization', 'content-type', 'x-csrf-token', 'x-requested-with', 'x-socket-id'],
  ...['x-tenant-id', 'x-xsrf-token'],
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
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends the requests of a browser, without a credential. */
export async function probeUsher(deps: ProbeDeps): Promise<UsherEvidence> {
  const path = '/broadcasting/auth';
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

async function send(
  { usherUrl, origin, fetch, now }: ProbeDeps,
  path: string,
  request: RequestInit,
): Promise<HttpResponse | Fault> {
  const began = now();
  try {
    const response = await fetch(usherUrl + path, {
      ...request,
      headers: { ...(request.headers as object), ...(origin !== undefined && { origin }) },
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
