import { dialectRules } from '../../../pusher/dialects.ts';
import { describeFault, isOneSidedTls } from '../../network-errors.ts';
import {
  fail,
  isFault,
  pass,
  unknown,
  type DoctorCheck,
  type CheckResult,
  type ServerEvidence,
  type ServiceEvidence,
} from '../check.ts';

type ServerCheck = (server: ServerEvidence, settings: ServiceEvidence['settings']) => CheckResult;

const ofServer = (name: string, run: ServerCheck): DoctorCheck<ServiceEvidence> => ({
  name,
  run: ({ server, settings }) =>
    server === undefined
      ? unknown(
          'the demo has no Pusher server; PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET name one, and PUSHER_HOST for soketi or Reverb',
        )
      : run(server, settings),
});

const correctAddress =
  'Correct PUSHER_HOST, PUSHER_PORT, PUSHER_PATH, PUSHER_TLS and PUSHER_CLUSTER.';

const connection = ofServer(
  'the Pusher server accepts WebSocket connections',
  ({ greeting }, settings) =>
    isFault(greeting) ? connectionFault(greeting.fault, settings) : pass,
);

function connectionFault(
  fault: string,
  { tls, origin }: Pick<ServiceEvidence['settings'], 'tls' | 'origin'>,
): CheckResult {
  if (fault === 'pusher-4001') {
    return fail(
      'The Pusher server has no app with this key (4001).',
      'Set PUSHER_KEY to the key of the app, and PUSHER_CLUSTER, if set, to its cluster.',
    );
  }
  if (fault === 'pusher-4003') {
    return fail('The app is disabled at the Pusher server (4003).', 'Enable it there.');
  }
  if (fault === 'pusher-4004') {
    return fail(
      'The app has the maximum number of connections at the Pusher server (4004).',
      'Raise that number there.',
    );
  }
  if (fault === 'pusher-4009') return originFault(origin);
  if (fault === 'http-404') {
    return fail(
      'The Pusher server has no WebSocket at that path (404).',
      'Set PUSHER_PATH to the path of the server, if it has one. A proxy must pass on upgrades.',
    );
  }
  if (tls && isOneSidedTls(fault)) {
    return fail(
      `The port of the Pusher server does not support TLS (${fault}).`,
      'Set PUSHER_TLS=false, or PUSHER_PORT to the port that supports TLS.',
    );
  }
  if (tls && fault === 'timeout') {
    return fail(
      'The Pusher server did not respond in time.',
      `If its port does not support TLS, set PUSHER_TLS=false. ${correctAddress}`,
    );
  }
  if (!tls && /ECONNRESET|hang up|^http-400|^pusher-1006/.test(fault)) {
    return fail(
      `The Pusher server closed the connection immediately (${fault}).`,
      'If its port requires TLS, set PUSHER_TLS=true.',
    );
  }
  return fail(`No connection to the Pusher server: ${describeFault(fault)}.`, correctAddress);
}

/** Reverb and Sockudo refuse a connection by its `Origin` before anything is sent. */
function originFault(origin: string | undefined): CheckResult {
  return origin === undefined
    ? fail(
        'The Pusher server refuses connections without an origin (4009).',
        'Give the origin of the page with --origin, or set ALLOWED_ORIGINS.',
      )
    : fail(
        `The Pusher server refuses connections of pages of ${origin} (4009).`,
        'Add its host to allowed_origins of the app at that server. If it is not the origin of the page, give that with --origin.',
      );
}

/** Verified with the signature of a channel name without `channel_data`, which is the same for all servers. */
const secret = ofServer('the secret matches the key', ({ plain }) => {
  if (plain === 'accepted') return pass;
  if (plain === undefined) return unknown('there is no WebSocket to test a signature');
  return fail(
    plain === 'refused'
      ? 'The Pusher server refuses signatures by this secret.'
      : 'The Pusher server does not respond to a subscription.',
    'Set PUSHER_SECRET to the secret that belongs to PUSHER_KEY.',
  );
});

/** On a private channel soketi and Sockudo verify a signature without `channel_data`; other servers include it. */
const dialect = ofServer('PUSHER_SERVER matches the server', ({ plain, withData }, settings) => {
  if (plain !== 'accepted' || withData === undefined || withData === 'silent') {
    return unknown('no signature was accepted, so the signatures cannot be compared');
  }
  const isSigned = withData === 'accepted';
  if (isSigned === dialectRules(settings.dialect).signsPrivateMembers) return pass;
  return isSigned
    ? fail(
        'The server accepts channel_data in the signature of a private channel, which soketi and Sockudo do not.',
        'Set PUSHER_SERVER=pusher, or reverb.',
      )
    : fail(
        'The server refuses channel_data in the signature of a private channel, as soketi and Sockudo do.',
        'Set PUSHER_SERVER=soketi, or sockudo.',
      );
});

/** Revocations terminate connections through this API. */
const restApi = ofServer(
  'the HTTP API of the Pusher server accepts requests',
  ({ rest, plain, greeting }) => {
    if (isFault(rest)) {
      return fail(
        `The HTTP API does not respond: ${describeFault(rest.fault)}. A revocation could not terminate connections.`,
        correctAddress,
      );
    }
    if (rest.status === 200) return pass;
    if (rest.status === 404 && isFault(greeting) && greeting.fault === 'http-404') {
      return fail('The Pusher server has no HTTP API at that path (404).', correctAddress);
    }
    if (rest.status === 404) {
      return fail(
        'The HTTP API has no such app (404).',
        'Set PUSHER_APP_ID to the id of the app with PUSHER_KEY.',
      );
    }
    if (rest.status !== 401 && rest.status !== 403) {
      return fail(
        `The HTTP API responds with ${rest.status}.`,
        'See the logs of the Pusher server and of the proxy in front of it.',
      );
    }
    return fail(
      `The HTTP API refuses the signature (${rest.status}).`,
      plain === 'accepted'
        ? 'PUSHER_SECRET is correct: set PUSHER_APP_ID to the id of the same app, and synchronize the clock.'
        : 'Set PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET to those of one app.',
    );
  },
);

/** More than the rounding of the `Date` header and the time of the response. */
const maxSkewMs = 30_000;

/** Usher rejects expired tokens by its own clock. The HTTP API refuses signatures that are off by ten minutes. */
const clock: DoctorCheck<ServiceEvidence> = {
  name: 'the clocks are in sync',
  run: (evidence) => {
    const clocks = datesIn(evidence).map(([whose, date]) => [whose, Date.parse(date)] as const);
    if (clocks.length === 0) return unknown('no response has a date');
    const skewed = clocks.find(([, at]) => Math.abs(at - evidence.now) > maxSkewMs);
    if (skewed === undefined) return pass;
    const [whose, at] = skewed;
    const seconds = Math.round((evidence.now - at) / 1000);
    return fail(
      `The local clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the clock of ${whose}.`,
      'Synchronize both clocks by NTP.',
    );
  },
};

function datesIn({ server, usher }: ServiceEvidence): readonly (readonly [string, string])[] {
  const ofServer = (server === undefined ? [] : [server.rest, server.greeting]).flatMap((result) =>
    isFault(result) || result.date === undefined ? [] : [result.date],
  );
  const ofUsher =
    usher === undefined || isFault(usher.refusal) ? null : usher.refusal.headers.get('date');
  return [
    ...ofServer.slice(0, 1).map((date) => ['the Pusher server', date] as const),
    ...(ofUsher === null ? [] : [['Usher’s address', ofUsher] as const]),
  ];
}

export const pusherServerChecks: readonly DoctorCheck<ServiceEvidence>[] = [
  connection,
  secret,
  dialect,
  restApi,
  clock,
];
