import { fail, unknown, pass, type Check } from '../check-result.ts';
import { isGranted } from './granted.ts';

/** `pusher.signin()`: without it a revocation cannot end a user's connections. */
export const signedIn: Check = {
  name: 'a user is signed in',
  run: ({ signIn, settings: { dialect } }) => {
    if (dialect === 'reverb') return unknown('Reverb has no sign-in');
    if (signIn === undefined) return unknown('no user’s token to sign in with');
    const answered = isGranted(signIn);
    if (answered.status !== 'well') return answered;
    if (signIn.acceptance === 'accepted') return pass;
    if (signIn.acceptance === undefined) return unknown('no WebSocket to sign in on');
    return fail(
      signIn.acceptance === 'silent'
        ? 'The Pusher server does not answer a sign-in: user authentication is off there.'
        : 'The Pusher server refuses the sign-in.',
      'Switch user authentication on at the Pusher server (soketi: enableUserAuthentication); a revocation ends no connection without.',
    );
  },
};
