import { ill, unknown, well, type Finding, type Symptom } from '../check-result.ts';
import { isFault, type Answer, type Entered } from '../evidence.ts';
import { wordsFor } from '../network-errors.ts';

/** A channel is granted: status 200 exactly and a signature, the only answer that pusher-js takes. */
export const granted: Symptom = {
  name: 'the channel is granted',
  look: ({ channel }) =>
    channel === undefined
      ? unknown('nobody to ask as; give --channel and --token-stdin')
      : isGranted(channel),
};

/** Whether Usher let somebody in; otherwise what it said. */
export function isGranted({ asked }: Entered): Finding {
  if (isFault(asked)) return ill(`No answer: ${wordsFor(asked.fault)}.`, 'Start Usher there.');
  const { status, json } = asked;
  if (status === 200 && typeof json?.['auth'] === 'string') return well;
  if (status >= 200 && status < 400) {
    return ill(
      `The answer has status ${status} and is no signature; pusher-js takes 200 and nothing else.`,
      'The proxy must pass Usher’s answers on as they are.',
    );
  }
  return ill(`Usher answers ${status}${saying(asked)}.`, whyNot(asked));
}

/** Usher's own words, which are public; of somebody else's page nothing is shown. */
function saying({ json, headers }: Answer): string {
  const message = json?.['message'] ?? json?.['error'];
  if (headers.get('x-request-id') === null || typeof message !== 'string') return '';
  return `: ${message.slice(0, 200).replace(/\p{Cc}/gu, '\uFFFD')}`;
}

function whyNot({ status, headers }: Answer): string {
  const id = headers.get('x-decision-id');
  if (id !== null && /^[0-9a-f-]{36}$/.test(id)) return `usher explain ${id} says why.`;
  return status === 429
    ? 'Wait a minute: this address or this user was refused too often.'
    : 'See Usher’s log, and the proxy’s.';
}
