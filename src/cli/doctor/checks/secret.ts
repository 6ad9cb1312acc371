import { demoHasNoServer, ill, unknown, well, type Symptom } from '../check-result.ts';

/** A signature of ours over a channel's name alone, which all servers check alike. */
export const secret: Symptom = {
  name: 'the secret is that of the key',
  look: ({ server }) => {
    if (server === undefined) return demoHasNoServer;
    const { plain } = server;
    if (plain === 'accepted') return well;
    if (plain === undefined) return unknown('no WebSocket to show a signature on');
    return ill(
      plain === 'refused'
        ? 'The Pusher server refuses what this secret signs.'
        : 'The Pusher server does not answer a subscription.',
      'Set PUSHER_SECRET to the secret that belongs to PUSHER_KEY.',
    );
  },
};
