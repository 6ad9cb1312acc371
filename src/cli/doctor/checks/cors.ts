import {
  fail,
  isFault,
  pass,
  unknown,
  type DoctorCheck,
  type CheckResult,
  type Evidence,
  type HttpResponse,
} from '../check.ts';
import { sentHeaders } from '../probe-usher.ts';

type Settings = Evidence['settings'] & { readonly origin: string };

/** A check of one response to a page of another origin. */
const ofResponse = (
  response: 'preflight' | 'refusal',
  name: string,
  run: (response: HttpResponse, settings: Settings) => CheckResult,
): DoctorCheck => ({
  name,
  run: ({ usher: { [response]: found }, settings }) => {
    const { origin } = settings;
    if (origin === undefined) {
      return unknown('ALLOWED_ORIGINS names no other origin; --origin names one');
    }
    return isFault(found) ? unknown('Usher did not respond') : run(found, { ...settings, origin });
  },
});

/** Browsers send a preflight before a request with an Authorization header. */
const preflight = ofResponse('preflight', 'CORS allows the origin', (response, settings) => {
  const { status, headers } = response;
  if (status < 200 || status >= 300 || !allows(response, settings.origin)) {
    return corsFault('The preflight (OPTIONS)', response, settings);
  }
  const allowed = (headers.get('access-control-allow-headers') ?? '').toLowerCase();
  const names = allowed.split(',').map((name) => name.trim());
  const missing = sentHeaders.filter((name) => !names.includes(name));
  if (missing.length === 0) return pass;
  return fail(
    `The preflight does not allow these headers: ${missing.join(', ')}.`,
    'The proxy must not respond to OPTIONS itself, nor set Access-Control-Allow-Headers.',
  );
});

/** Without it a browser blocks requests with `withCredentials: true`, also those with a bearer token. */
const credentials = ofResponse(
  'preflight',
  'CORS allows credentials (withCredentials: true)',
  ({ headers }, { origin, originNamed }) => {
    const allowed = headers.get('access-control-allow-origin');
    if (allowed === null) return unknown('CORS does not allow the origin');
    if (headers.get('access-control-allow-credentials') === 'true' && allowed === origin) {
      return pass;
    }
    return originNamed
      ? fail(
          'The response to the preflight has no Access-Control-Allow-Credentials: true.',
          'The proxy must keep the Access-Control headers of Usher, and set none itself.',
        )
      : unknown(`ALLOWED_ORIGINS does not name ${origin}; * or a wildcard is not sufficient`);
  },
);

/** Without these headers the client gets status 0 in place of a refusal. */
const readableRefusals = ofResponse(
  'refusal',
  'refusals have CORS headers',
  (response, settings) =>
    allows(response, settings.origin) ? pass : corsFault('A refusal', response, settings),
);

function allows({ headers }: HttpResponse, origin: string): boolean {
  const allowed = headers.get('access-control-allow-origin');
  return allowed === '*' || allowed === origin;
}

function corsFault(what: string, { status, headers }: HttpResponse, settings: Settings) {
  const problem =
    headers.get('access-control-allow-origin') === null
      ? `has status ${status} and no Access-Control-Allow-Origin`
      : `has status ${status} and an Access-Control-Allow-Origin that is not ${settings.origin}`;
  return fail(
    `${what} ${problem}.`,
    settings.originAllowed
      ? 'ALLOWED_ORIGINS is correct: the proxy must pass OPTIONS to Usher and keep its Access-Control headers, also on errors.'
      : 'Add that origin to ALLOWED_ORIGINS, with its scheme and port, without a path.',
  );
}

export const corsChecks: readonly DoctorCheck[] = [preflight, credentials, readableRefusals];
