import { ill, well, type Finding, type Symptom } from '../check-result.ts';
import { isFault, type Answer, type Evidence } from '../evidence.ts';
import { wordsFor } from '../network-errors.ts';
import { redirected } from '../redirected.ts';

/** Whether Usher itself answers where browsers ask. */
export const usherReached: Symptom = {
  name: 'Usher answers at its public address',
  look: ({ usher: { refusal }, settings }) =>
    isFault(refusal)
      ? ill(
          `Nothing answers at ${settings.usherUrl}: ${wordsFor(refusal.fault)}.`,
          'Start Usher, or give its address as browsers see it: --url https://…',
        )
      : judge(refusal, settings),
};

function judge(answer: Answer, { usherUrl }: Evidence['settings']): Finding {
  const { status, json, headers } = answer;
  if (status >= 300 && status < 400) return redirected(answer, usherUrl);
  if (status >= 502 && status <= 504 && headers.get('x-request-id') === null) {
    return ill(
      `The proxy at ${usherUrl} answers ${status}: it does not reach Usher.`,
      'Its upstream must be Usher’s HOST and PORT.',
    );
  }
  if (json?.['request_id'] === undefined) {
    return ill(
      `${usherUrl}/broadcasting/auth answers ${status} ${kindOf(headers)}, and that is not Usher.`,
      'The proxy must pass /broadcasting/, /pusher/ and /api/ to Usher’s PORT, with the path as it is.',
    );
  }
  if (status >= 500) {
    return ill(`Usher answers ${status}.`, 'See its log, and GET /readyz on the operator’s port.');
  }
  return well;
}

function kindOf(headers: Headers): string {
  const type = headers.get('content-type') ?? '';
  return /html/i.test(type) ? 'with an HTML page' : 'without a JSON body of ours';
}
