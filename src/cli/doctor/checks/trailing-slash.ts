import { fail, unknown, pass, type Check } from '../check-result.ts';
import { isFault } from '../evidence.ts';
import { redirectResult } from '../redirected.ts';

/** Some clients ask with a trailing slash, and Usher takes both. */
export const trailingSlash: Check = {
  name: 'a trailing slash makes no difference',
  run: ({ usher: { refusal, slash }, settings }) => {
    if (isFault(refusal) || isFault(slash)) return unknown('Usher did not answer');
    if (slash.status === refusal.status) return pass;
    if (slash.status >= 300 && slash.status < 400) return redirectResult(slash, settings.usherUrl);
    return fail(
      `With a trailing slash the answer is ${slash.status} instead of ${refusal.status}.`,
      'The proxy must pass the path to Usher as it is.',
    );
  },
};
