import { demoHasNoServer, fail, pass, type Check } from '../check-result.ts';
import { isFault } from '../evidence.ts';
import { describeFault } from '../network-errors.ts';

/** The HTTP API, through which connections are ended. */
export const restApi: Check = {
  name: 'the HTTP API of the Pusher server takes our questions',
  run: ({ server }) => {
    if (server === undefined) return demoHasNoServer;
    const { rest, plain } = server;
    if (isFault(rest)) {
      return fail(
        `The HTTP API does not answer: ${describeFault(rest.fault)}. A revocation could not end connections.`,
        'PUSHER_HOST, PUSHER_PORT, PUSHER_TLS and PUSHER_CLUSTER must say where it is.',
      );
    }
    if (rest.status === 200) return pass;
    if (rest.status === 404) {
      return fail(
        'The HTTP API knows no such app (404).',
        'Set PUSHER_APP_ID to the id of the app with PUSHER_KEY.',
      );
    }
    if (rest.status !== 401 && rest.status !== 403) {
      return fail(
        `The HTTP API answers ${rest.status}.`,
        'See the Pusher server’s own log, and that of the proxy before it.',
      );
    }
    return fail(
      `The HTTP API refuses our signature (${rest.status}).`,
      plain === 'accepted'
        ? 'PUSHER_SECRET is right, so set PUSHER_APP_ID to the id of the same app, and set the clock.'
        : 'Set PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET to those of one app.',
    );
  },
};
