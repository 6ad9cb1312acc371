import { demoHasNoServer, fail, unknown, pass, type Check } from '../check-result.ts';

/** soketi leaves `channel_data` out of what it checks on a private channel; the others do not. */
export const dialect: Check = {
  name: 'PUSHER_SERVER is the server that is there',
  run: ({ server, settings }) => {
    if (server === undefined) return demoHasNoServer;
    const { plain, withData } = server;
    if (plain !== 'accepted' || withData === undefined || withData === 'silent') {
      return unknown('no signature was accepted, so none can be compared');
    }
    const isSoketi = withData === 'refused';
    if (isSoketi === (settings.dialect === 'soketi')) return pass;
    return isSoketi
      ? fail(
          'The server refuses channel_data in the signature of a private channel, as soketi does.',
          'Set PUSHER_SERVER=soketi.',
        )
      : fail(
          'The server takes channel_data in the signature of a private channel, which soketi does not.',
          'Set PUSHER_SERVER=pusher, or reverb.',
        );
  },
};
