import { ill, unknown, well, type Symptom } from '../check-result.ts';
import { isGranted } from './granted.ts';

/** `pusher.signin()`: without it a revocation cannot end a user's connections. */
export const signedIn: Symptom = {
  name: 'a user is signed in',
  look: ({ signIn, settings: { dialect } }) => {
    if (dialect === 'reverb') return unknown('Reverb has no sign-in');
    if (signIn === undefined) return unknown('no user’s token to sign in with');
    const answered = isGranted(signIn);
    if (answered.is !== 'well') return answered;
    if (signIn.taken === 'accepted') return well;
    if (signIn.taken === undefined) return unknown('no WebSocket to sign in on');
    return ill(
      signIn.taken === 'silent'
        ? 'The Pusher server does not answer a sign-in: user authentication is off there.'
        : 'The Pusher server refuses the sign-in.',
      'Switch user authentication on at the Pusher server (soketi: enableUserAuthentication); a revocation ends no connection without.',
    );
  },
};
