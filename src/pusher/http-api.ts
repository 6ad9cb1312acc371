import { createPusherApps, type SigningApp } from './apps.ts';
import type { PusherApp } from './pusher-app.ts';

/** A status with the `Date` header, or the reason for a missing response. */
export type HttpApiResult =
  { readonly status: number; readonly date?: string } | { readonly fault: string };

/** Requests the app's channels (`GET /apps/{app}/channels`, Pusher Channels HTTP API). Never throws. */
export async function requestChannels(app: PusherApp): Promise<HttpApiResult> {
  const signing = createPusherApps(app).for(undefined);
  if (signing === undefined) return { fault: 'unknown' };
  return requestApi(signing, (client) => client.get({ path: '/channels' }));
}

/** Sends a request by each client of the app until one has a signature that the server accepts. Never throws. */
export async function requestApi(
  { apiClients }: Pick<SigningApp, 'apiClients'>,
  send: (client: SigningApp['client']) => ReturnType<SigningApp['client']['get']>,
): Promise<HttpApiResult> {
  let result: HttpApiResult = { fault: 'unknown' };
  for (const client of apiClients) {
    result = await resultOf(() => send(client));
    if (!('status' in result) || result.status !== 401) break;
  }
  return result;
}

async function resultOf(
  send: () => ReturnType<SigningApp['client']['get']>,
): Promise<HttpApiResult> {
  try {
    const response = await send();
    const date = response.headers.get('date');
    return { status: await httpApiStatus(response), ...(date !== null && { date }) };
  } catch (error) {
    const { status, code } = httpApiError(error);
    return status === undefined ? { fault: code ?? 'timeout' } : { status };
  }
}

/** The status or error code of an error of npm `pusher`. Its message contains the signed address and must not be used. */
function httpApiError(error: unknown): {
  readonly status: number | undefined;
  readonly code: string | undefined;
} {
  const { status, error: cause } = error as {
    readonly status?: unknown;
    readonly error?: { readonly code?: unknown };
  };
  return {
    status: typeof status === 'number' ? status : undefined,
    code: typeof cause?.code === 'string' ? cause.code : undefined,
  };
}

/** The timeout for a response body; npm `pusher` stops its own timer after the headers. */
const bodyTimeoutMs = 2_000;

/**
 * The status of a response. soketi 1.6 sends errors with the HTTP status 200 and the actual status in the body:
 * `{"error":"…","code":401}`. Rejects if the body does not arrive in time.
 */
async function httpApiStatus(response: Pick<Response, 'status' | 'text'>): Promise<number> {
  const text = await Promise.race([response.text(), rejectAfterTimeout()]);
  const [, code] = /^\{"error":.*"code":([45][0-9]{2})\}$/s.exec(text) ?? [];
  return code === undefined ? response.status : Number(code);
}

function rejectAfterTimeout(): Promise<never> {
  return new Promise((_resolve, reject) => {
    AbortSignal.timeout(bodyTimeoutMs).addEventListener('abort', () => {
      reject(new Error('No body in time'));
    });
  });
}
