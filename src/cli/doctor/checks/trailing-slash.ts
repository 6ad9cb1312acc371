import { ill, unknown, well, type Symptom } from '../check-result.ts';
import { isFault } from '../evidence.ts';
import { redirected } from '../redirected.ts';

/** Some clients ask with a trailing slash, and Usher takes both. */
export const trailingSlash: Symptom = {
  name: 'a trailing slash makes no difference',
  look: ({ usher: { refusal, slash }, settings }) => {
    if (isFault(refusal) || isFault(slash)) return unknown('Usher did not answer');
    if (slash.status === refusal.status) return well;
    if (slash.status >= 300 && slash.status < 400) return redirected(slash, settings.usherUrl);
    return ill(
      `With a trailing slash the answer is ${slash.status} instead of ${refusal.status}.`,
      'The proxy must pass the path to Usher as it is.',
    );
  },
};
