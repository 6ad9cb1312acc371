import { isFault, type HttpResponse, type Evidence } from '../evidence.ts';
import { sentHeaders } from '../probe-usher.ts';
import { fail, unknown, pass, type CheckResult, type Check } from '../check-result.ts';

/** The question that a browser asks first, when there is an Authorization header to send. */
export const preflight: Check = {
  name: 'a page of that origin may ask',
  run: ({ usher, settings }) => {
    const { preflight: response } = usher;
    if (settings.origin === undefined) return noOrigin;
    if (isFault(response)) return unknown('Usher did not answer');
    const taken = response.status >= 200 && response.status < 300;
    if (taken && permits(response, settings.origin)) {
      const allowed = (response.headers.get('access-control-allow-headers') ?? '').toLowerCase();
      const names = allowed.split(',').map((name) => name.trim());
      const missing = sentHeaders.filter((name) => !names.includes(name));
      return missing.length === 0 ? pass : noHeaders(missing);
    }
    return explainPreflight('The preflight (OPTIONS)', response, settings);
  },
};

/** Without it a browser blocks a page that asks with `withCredentials: true`, also where it sends a bearer token. */
export const credentials: Check = {
  name: 'that page may ask with credentials (withCredentials: true)',
  run: ({ usher: { preflight: response }, settings: { origin, originNamed } }) => {
    if (origin === undefined) return noOrigin;
    if (isFault(response)) return unknown('Usher did not answer');
    const { headers } = response;
    const allowed = headers.get('access-control-allow-origin');
    if (allowed === null) return unknown('pages of that origin may not ask at all');
    if (headers.get('access-control-allow-credentials') === 'true' && allowed === origin) {
      return pass;
    }
    return originNamed
      ? fail(
          'The preflight is answered without Access-Control-Allow-Credentials: true.',
          'The proxy must keep the Access-Control headers of Usher, and set none itself.',
        )
      : unknown(`ALLOWED_ORIGINS does not name ${origin}, and * or a wildcard is not enough here`);
  },
};

/** Without these headers the client sees status 0 in place of a refusal. */
export const readableErrors: Check = {
  name: 'that page may read a refusal',
  run: ({ usher: { refusal }, settings }) => {
    if (settings.origin === undefined) return noOrigin;
    if (isFault(refusal)) return unknown('Usher did not answer');
    if (permits(refusal, settings.origin)) return pass;
    return explainPreflight('A refusal', refusal, settings);
  },
};

const noOrigin = unknown('ALLOWED_ORIGINS names no page of another origin; --origin names one');

const noHeaders = (missing: readonly string[]): CheckResult =>
  fail(
    `The preflight does not allow these headers: ${missing.join(', ')}.`,
    'The proxy must not answer OPTIONS itself, nor set Access-Control-Allow-Headers.',
  );

function permits({ headers }: HttpResponse, origin: string): boolean {
  const allowed = headers.get('access-control-allow-origin');
  return allowed === '*' || allowed === origin;
}

function explainPreflight(
  what: string,
  { status, headers }: HttpResponse,
  seen: Evidence['settings'],
): CheckResult {
  const allowed = headers.get('access-control-allow-origin');
  const wrong =
    allowed === null
      ? `${what} is answered ${status} without Access-Control-Allow-Origin.`
      : `${what} is answered ${status} with an Access-Control-Allow-Origin that is not ${seen.origin ?? ''}.`;
  return fail(
    wrong,
    seen.originAllowed
      ? 'ALLOWED_ORIGINS is right here: the proxy must pass OPTIONS to Usher and keep its Access-Control headers, on errors too.'
      : 'Add that origin to ALLOWED_ORIGINS, with its scheme and port, without a path.',
  );
}
