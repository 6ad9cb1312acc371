import type { Secret } from '../runtime/secret.ts';
import type { ApplicationClient } from '../application/application-client.ts';
import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { malformed, rejected, type CredentialReader, type Identification } from './credential.ts';
import { createIdentificationCache } from './identification-cache.ts';
import type { IssuerAttribute } from './token-issuers.ts';
import { readVisitor, type VisitorDeps } from './visitor-response.ts';

/** The application's introspection endpoint for session cookies. */
export interface IntrospectionSettings {
  readonly url: URL;
  /** The only cookie that is forwarded. Without it the credential is several cookies with their names. */
  readonly cookieName: string | undefined;
  /** Sent as bearer token, so that the application can distinguish Usher's requests from visitors' requests. */
  readonly secret?: Secret;
  readonly client: ApplicationClient;
  /** The attributes that rules read, of the issuer `session` of the policy. The same list as long as they do not change. */
  readonly attributes: () => readonly IssuerAttribute[] | undefined;
  readonly now: () => number;
}

const maxCookiesLength = 16 * 1024;
const notSignedIn: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * Creates the reader that sends the session cookies of a visitor to the application. A 200 identifies the visitor, see
 * `readVisitor`. A 401, 403 or 404 means that nobody is logged in. Any other status or body, a redirect, and no response
 * throw `Unavailable`.
 */
export function createIntrospectionReader(settings: IntrospectionSettings): CredentialReader {
  const identify = createIdentificationCache(settings.now);
  return async (text) => {
    const { cookieName } = settings;
    // An invalid cookie value must not be sent in a header: it could add a second cookie, and the error message would
    // quote it.
    const form = cookieName === undefined ? severalCookies : cookieValue;
    if (!form.test(text) || text.length > maxCookiesLength) {
      return malformed('session cookie has the characters and the length of a cookie');
    }
    const cookies = cookieName === undefined ? text : `${cookieName}=${text}`;
    const declared = settings.attributes();
    return identify(text, declared, (key) =>
      settings.client.send({
        key,
        url: settings.url,
        headers: headersOf(cookies, settings),
        read: (response) => readResponse(response, { attributes: declared, now: settings.now() }),
      }),
    );
  };
}

const cookieValue = /^[!#-+\--:<-[\]-~"]+$/;
/** RFC 6265 §4.2.1: `cookie-string`. */
const severalCookies =
  /^[\w!#$%&'*+.^`|~-]+=[!#-+\--:<-[\]-~"]*(; [\w!#$%&'*+.^`|~-]+=[!#-+\--:<-[\]-~"]*)*$/;

function headersOf(
  cookie: string,
  { secret }: IntrospectionSettings,
): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    cookie,
    ...(secret && { authorization: `Bearer ${secret.reveal()}` }),
  };
}

/** Throws if the response neither identifies a visitor nor means that nobody is logged in. */
function readResponse({ status, text }: BoundedResponse, deps: VisitorDeps): Identification {
  if (notSignedIn.has(status))
    return rejected(`the application knows who is logged in: found status ${status}`);
  if (status !== 200) throw new Error(`the response has status ${status}`);
  return readVisitor(text, deps);
}
