import { fail, pass, type CheckResult, type Check } from '../check-result.ts';
import { isFault, type HttpResponse, type Evidence } from '../evidence.ts';
import { describeFault } from '../network-errors.ts';
import { redirectResult } from '../redirected.ts';

/** Whether Usher itself answers where browsers ask. */
export const usherReached: Check = {
  name: 'Usher answers at its public address',
  run: ({ usher: { refusal }, settings }) =>
    isFault(refusal)
      ? fail(
          `Nothing answers at ${settings.usherUrl}: ${describeFault(refusal.fault)}.`,
          'Start Usher, or give its address as browsers see it: --url https://…',
        )
      : checkResponse(refusal, settings),
};

function checkResponse(response: HttpResponse, { usherUrl }: Evidence['settings']): CheckResult {
  const { status, json, headers } = response;
  if (status >= 300 && status < 400) return redirectResult(response, usherUrl);
  if (status >= 502 && status <= 504 && headers.get('x-request-id') === null) {
    return fail(
      `The proxy at ${usherUrl} answers ${status}: it does not reach Usher.`,
      'Its upstream must be Usher’s HOST and PORT.',
    );
  }
  if (json?.['request_id'] === undefined) {
    return fail(
      `${usherUrl}/broadcasting/auth answers ${status} ${kindOf(headers)}, and that is not Usher.`,
      'The proxy must pass /broadcasting/, /pusher/ and /api/ to Usher’s PORT, with the path as it is.',
    );
  }
  if (status >= 500) {
    return fail(`Usher answers ${status}.`, 'See its log, and GET /readyz on the operator’s port.');
  }
  return pass;
}

function kindOf(headers: Headers): string {
  const type = headers.get('content-type') ?? '';
  return /html/i.test(type) ? 'with an HTML page' : 'without a JSON body of ours';
}
