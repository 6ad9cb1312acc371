import { fail, unknown, pass, type CheckResult, type Check } from '../check-result.ts';
import { isFault, type HttpResponse, type AuthAttempt } from '../evidence.ts';
import { describeFault } from '../network-errors.ts';

/** A channel is granted: status 200 exactly and a signature, the only answer that pusher-js takes. */
export const granted: Check = {
  name: 'the channel is granted',
  run: ({ channel }) =>
    channel === undefined
      ? unknown('nobody to ask as; give --channel and --token-stdin')
      : isGranted(channel),
};

/** Whether Usher let somebody in; otherwise what it said. */
export function isGranted({ response }: AuthAttempt): CheckResult {
  if (isFault(response))
    return fail(`No answer: ${describeFault(response.fault)}.`, 'Start Usher there.');
  const { status, json } = response;
  if (status === 200 && typeof json?.['auth'] === 'string') return pass;
  if (status >= 200 && status < 400) {
    return fail(
      `The answer has status ${status} and is no signature; pusher-js takes 200 and nothing else.`,
      'The proxy must pass Usher’s answers on as they are.',
    );
  }
  return fail(`Usher answers ${status}${messageOf(response)}.`, refusalReason(response));
}

/** Usher's own words, which are public; of somebody else's page nothing is shown. */
function messageOf({ json, headers }: HttpResponse): string {
  const message = json?.['message'] ?? json?.['error'];
  if (headers.get('x-request-id') === null || typeof message !== 'string') return '';
  return `: ${message.slice(0, 200).replace(/\p{Cc}/gu, '\uFFFD')}`;
}

function refusalReason({ status, headers }: HttpResponse): string {
  const id = headers.get('x-decision-id');
  if (id !== null && /^[0-9a-f-]{36}$/.test(id)) return `usher explain ${id} says why.`;
  return status === 429
    ? 'Wait a minute: this address or this user was refused too often.'
    : 'See Usher’s log, and the proxy’s.';
}
