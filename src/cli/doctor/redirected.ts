import { fail, type CheckResult } from './check-result.ts';
import type { HttpResponse } from './evidence.ts';

/** What a redirect means: a browser's preflight fails on it, and its POST becomes a GET without a body. */
export function redirectResult({ status, headers }: HttpResponse, usherUrl: string): CheckResult {
  const location = headers.get('location') ?? '';
  const to = URL.canParse(location, usherUrl) ? new URL(location, usherUrl) : undefined;
  // Without the query, which a proxy copies from the question, where a token may be.
  const where = to === undefined ? 'nowhere' : to.origin + to.pathname;
  return fail(
    `The question is redirected (${status}) to ${where}, and no browser follows with it.`,
    usherUrl.startsWith('http:') && to?.protocol === 'https:'
      ? 'Clients must ask the https address itself; give that to --url too.'
      : 'The proxy must pass the path to Usher as it is, with and without a trailing slash.',
  );
}
