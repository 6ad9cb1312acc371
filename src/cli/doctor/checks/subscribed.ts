import { fail, unknown, pass, type Check } from '../check-result.ts';
import { isFault } from '../evidence.ts';

/** The Pusher server takes the signature that Usher gave. */
export const subscribed: Check = {
  name: 'the Pusher server takes that signature',
  run: ({ channel, settings }) => {
    if (channel?.acceptance === undefined) return unknown('there is no signature to show it');
    if (channel.acceptance === 'accepted') return pass;
    const auth = isFault(channel.response) ? undefined : channel.response.json?.['auth'];
    const isOurs = typeof auth === 'string' && auth.startsWith(`${settings.key}:`);
    return fail(
      channel.acceptance === 'refused'
        ? 'The Pusher server refuses the signature.'
        : 'The Pusher server does not answer the subscription.',
      isOurs
        ? 'If the checks of the secret and of PUSHER_SERVER are well, the running Usher has other settings than these: restart it.'
        : 'The running Usher signs with another PUSHER_KEY than this one: restart it with these settings, or correct --url.',
    );
  },
};
