import { dialectRules, type PusherDialect } from '../../../pusher/dialects.ts';
import { describeFault } from '../../network-errors.ts';
import {
  fail,
  isFault,
  pass,
  unknown,
  type AuthAttempt,
  type DoctorCheck,
  type CheckResult,
  type HttpResponse,
} from '../check.ts';

const granted: DoctorCheck = {
  name: 'the channel is granted',
  run: ({ channel }) =>
    channel === undefined
      ? unknown('there is no credential; give --channel and --token-stdin or --session-stdin')
      : grantResult(channel),
};

/** pusher-js accepts only status 200 with a signature. */
function grantResult({ response }: AuthAttempt): CheckResult {
  if (isFault(response)) {
    return fail(`No response: ${describeFault(response.fault)}.`, 'Start Usher there.');
  }
  const { status, json } = response;
  if (status === 200 && typeof json?.['auth'] === 'string') return pass;
  if (status >= 200 && status < 400) {
    return fail(
      `The response has status ${status} and no signature; pusher-js accepts only 200.`,
      'The proxy must pass Usher’s responses unchanged.',
    );
  }
  return fail(
    `Usher responds with ${status}${messageOf(response)}.`,
    refusalRemedy(status, response),
  );
}

/** Only the messages of Usher are public; the page of another server is not shown. */
function messageOf({ json, headers }: HttpResponse): string {
  const message = json?.['message'] ?? json?.['error'];
  if (headers.get('x-request-id') === null || typeof message !== 'string') return '';
  return `: ${message.slice(0, 200).replace(/\p{Cc}/gu, '\uFFFD')}`;
}

function refusalRemedy(status: number, { headers }: HttpResponse): string {
  const id = headers.get('x-decision-id');
  if (id !== null && /^[0-9a-f-]{36}$/.test(id)) return `Run: usher explain ${id}`;
  return status === 429
    ? 'Wait a minute: this address or this user has too many refused requests.'
    : 'See the logs of Usher and of the proxy.';
}

const signature: DoctorCheck = {
  name: 'the Pusher server accepts the signature',
  run: ({ channel, settings }) => {
    if (channel?.acceptance === undefined) return unknown('there is no signature');
    if (channel.acceptance === 'accepted') return pass;
    const auth = isFault(channel.response) ? undefined : channel.response.json?.['auth'];
    const isSameKey = typeof auth === 'string' && auth.startsWith(`${settings.key}:`);
    return fail(
      channel.acceptance === 'refused'
        ? 'The Pusher server refuses the signature.'
        : 'The Pusher server does not respond to the subscription.',
      isSameKey
        ? 'If the checks of the secret and of PUSHER_SERVER pass, the running Usher has other settings: restart it.'
        : 'The running Usher signs with another PUSHER_KEY: restart it with these settings, or correct --url.',
    );
  },
};

/** `pusher.signin()`: a revocation terminates only connections of signed-in users. */
const signIn: DoctorCheck = {
  name: 'a user is signed in',
  run: ({ signIn: attempt, settings: { dialect } }) => {
    if (!dialectRules(dialect).hasSignIn) return unknown('the Pusher server has no sign-in');
    if (attempt === undefined) return unknown('there is no user token');
    const result = grantResult(attempt);
    if (result.status !== 'pass' || attempt.acceptance === 'accepted') return result;
    if (attempt.acceptance === undefined) return unknown('there is no WebSocket to sign in');
    return fail(
      attempt.acceptance === 'silent'
        ? 'The Pusher server does not respond to a sign-in: its user authentication is off.'
        : 'The Pusher server refuses the sign-in.',
      signInRemedy(dialect),
    );
  },
};

/** Only at Pusher itself there is nothing to switch on. */
const signInRemedy = (dialect: PusherDialect): string =>
  dialect === 'pusher'
    ? 'Set PUSHER_SERVER=reverb if the server is Reverb, which has no sign-in.'
    : 'Switch user authentication on at the Pusher server (soketi: enableUserAuthentication); without it a revocation cannot terminate connections.';

export const authorizationChecks: readonly DoctorCheck[] = [granted, signature, signIn];
