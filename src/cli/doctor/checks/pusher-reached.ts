import { demoHasNoServer, fail, pass, type CheckResult, type Check } from '../check-result.ts';
import { isFault, type Evidence } from '../evidence.ts';
import { isOneSidedTls, describeFault } from '../network-errors.ts';

/** A WebSocket, as every client opens one. */
export const pusherReached: Check = {
  name: 'the Pusher server lets a WebSocket in',
  run: ({ server, settings }) => {
    if (server === undefined) return demoHasNoServer;
    return isFault(server.greeting) ? explainFault(server.greeting.fault, settings) : pass;
  },
};

const whereIs = 'PUSHER_HOST, PUSHER_PORT, PUSHER_TLS and PUSHER_CLUSTER must say where it is.';

function explainFault(fault: string, { tls }: Evidence['settings']): CheckResult {
  if (fault === 'pusher-4001') {
    return fail(
      'The Pusher server knows no app with this key (4001).',
      'Set PUSHER_KEY to the key of the app; with PUSHER_CLUSTER, to the cluster it is in.',
    );
  }
  if (fault === 'pusher-4003') {
    return fail('The app is switched off at the Pusher server (4003).', 'Switch it on there.');
  }
  if (tls && isOneSidedTls(fault)) {
    return fail(
      `The port of the Pusher server does not speak TLS (${fault}).`,
      'Set PUSHER_TLS=false, or PUSHER_PORT to the port that does.',
    );
  }
  if (tls && fault === 'timeout') {
    return fail(
      'The Pusher server did not answer in time.',
      `If its port does not speak TLS, set PUSHER_TLS=false. ${whereIs}`,
    );
  }
  if (!tls && /ECONNRESET|hang up|^http-400|^pusher-1006/.test(fault)) {
    return fail(
      `The Pusher server closed the connection at once (${fault}).`,
      'If its port speaks TLS, set PUSHER_TLS=true.',
    );
  }
  return fail(`No connection to the Pusher server: ${describeFault(fault)}.`, whereIs);
}
