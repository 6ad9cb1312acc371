import { demoHasNoServer, fail, unknown, pass, type Check } from '../check-result.ts';

/** A signature of ours over a channel's name alone, which all servers check alike. */
export const secret: Check = {
  name: 'the secret is that of the key',
  run: ({ server }) => {
    if (server === undefined) return demoHasNoServer;
    const { plain } = server;
    if (plain === 'accepted') return pass;
    if (plain === undefined) return unknown('no WebSocket to show a signature on');
    return fail(
      plain === 'refused'
        ? 'The Pusher server refuses what this secret signs.'
        : 'The Pusher server does not answer a subscription.',
      'Set PUSHER_SECRET to the secret that belongs to PUSHER_KEY.',
    );
  },
};
