import { describeFault } from '../../network-errors.ts';
import {
  fail,
  isFault,
  pass,
  unknown,
  type DoctorCheck,
  type CheckResult,
  type HttpResponse,
} from '../check.ts';

const publicAddress: DoctorCheck = {
  name: 'Usher responds at its public address',
  run: ({ usher: { refusal }, settings: { usherUrl, authPath } }) =>
    isFault(refusal)
      ? fail(
          `No response from ${usherUrl}: ${describeFault(refusal.fault)}.`,
          'Start Usher, or set its public address: --url https://…',
        )
      : checkResponse(refusal, { usherUrl, authPath }),
};

function checkResponse(
  response: HttpResponse,
  { usherUrl, authPath }: { readonly usherUrl: string; readonly authPath: string },
): CheckResult {
  const { status, json, headers } = response;
  if (status >= 300 && status < 400) return redirectResult(response, usherUrl);
  if (status >= 502 && status <= 504 && headers.get('x-request-id') === null) {
    return fail(
      `The proxy at ${usherUrl} responds with ${status}: it cannot connect to Usher.`,
      'Set its upstream to Usher’s HOST and PORT.',
    );
  }
  if (json?.['request_id'] === undefined) {
    const type = headers.get('content-type') ?? '';
    const body = /html/i.test(type) ? 'an HTML page' : 'a body that is not from Usher';
    return fail(
      `${usherUrl}${authPath} responds with ${status} and ${body}.`,
      'The proxy must pass /broadcasting/, /pusher/ and /api/ to Usher’s PORT, with the path unchanged. If it passes only one of them, give --url with that authEndpoint.',
    );
  }
  if (status >= 500) {
    return fail(
      `Usher responds with ${status}.`,
      'See its log, and GET /readyz on the operator’s port.',
    );
  }
  return pass;
}

/** A browser's preflight fails on a redirect, and its POST becomes a GET without a body. */
function redirectResult({ status, headers }: HttpResponse, usherUrl: string): CheckResult {
  const location = headers.get('location') ?? '';
  const target = URL.canParse(location, usherUrl) ? new URL(location, usherUrl) : undefined;
  // Without the query: a proxy copies it from the request, where a token may be.
  const where = target === undefined ? 'no valid address' : target.origin + target.pathname;
  return fail(
    `The request is redirected (${status}) to ${where}, which browsers do not follow here.`,
    usherUrl.startsWith('http:') && target?.protocol === 'https:'
      ? 'Use the https address in clients, and in --url.'
      : 'The proxy must pass the path to Usher unchanged, with and without a trailing slash.',
  );
}

/** A client waits without a limit, and its channel with it. */
const maxResponseMs = 5_000;

/** Finds a proxy that buffers, and a database that is slow. */
const responseTime: DoctorCheck = {
  name: 'responses arrive in time',
  run: ({ usher: { preflight, refusal, slash } }) => {
    const times = [preflight, refusal, slash].flatMap((response) =>
      isFault(response) ? [] : [response.tookMs],
    );
    if (times.length === 0) return unknown('Usher did not respond');
    const slowest = Math.max(...times);
    if (slowest <= maxResponseMs) return pass;
    return fail(
      `A response took ${Math.round(slowest / 1000)} s.`,
      'See usher_decision_duration_seconds in /metrics: if it is short, the proxy is slow; if not, the server of DATABASE_URL or REDIS_URL is slow.',
    );
  },
};

/** Some clients add a trailing slash. */
const trailingSlash: DoctorCheck = {
  name: 'a trailing slash makes no difference',
  run: ({ usher: { refusal, slash }, settings }) => {
    if (isFault(refusal) || isFault(slash)) return unknown('Usher did not respond');
    if (slash.status === refusal.status) return pass;
    if (slash.status >= 300 && slash.status < 400) return redirectResult(slash, settings.usherUrl);
    return fail(
      `With a trailing slash the status is ${slash.status} instead of ${refusal.status}.`,
      'The proxy must pass the path to Usher unchanged.',
    );
  },
};

export const usherChecks: readonly DoctorCheck[] = [publicAddress, responseTime, trailingSlash];
