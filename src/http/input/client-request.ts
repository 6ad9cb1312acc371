import type { Credential } from '../../authn/credential.ts';
import type { ChannelAuthRequest, UserAuthRequest } from '../../authorize/auth-request.ts';
import { parseCursor } from '../routes/channel-list/cursor.ts';
import { generalResponses } from '../output/refusal-response.ts';
import { responseTo } from '../output/response.ts';
import type { Refusal } from '../../policy/decision.ts';
import type { ListCursor } from '../../policy/fact-kind.ts';
import { Secret } from '../../runtime/secret.ts';

/** The client of a request to the library. A request with several credentials is refused: a choice would select the principal. */
export interface ClientRequest {
  /** A JWT or a personal access token. */
  readonly bearer?: string | undefined;
  readonly guestToken?: string | undefined;
  readonly guestSession?: string | undefined;
  /** The value of the session cookie. You must have refused requests of other sites before. */
  readonly sessionCookie?: string | undefined;
  /** The tenant that the request names, as in `X-Tenant-ID`. */
  readonly tenantId?: string | undefined;
  /** The address of the client, for the audit log. */
  readonly address: string;
  readonly userAgent?: string | undefined;
  /** The id of the request in your logs; a UUID by default. */
  readonly requestId?: string | undefined;
}

/** A refusal. `status` and `message` are for the client, `code` is for logs: docs/REFUSALS.md. */
export interface Refused {
  readonly outcome: 'refusal';
  /** The id of the decision in the audit log. */
  readonly decisionId: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
  /** In seconds, with status 429. */
  readonly retryAfter?: number;
}

const credentialKinds = {
  bearer: 'bearer',
  guestToken: 'guest-token',
  guestSession: 'guest-session',
  sessionCookie: 'session-cookie',
} as const satisfies Partial<Record<keyof ClientRequest, Credential['kind']>>;

export function userRequest(
  request: ClientRequest & { readonly socketId: string },
  newId: () => string,
): UserAuthRequest {
  const credentials = Object.entries(credentialKinds).flatMap(([name, kind]): Credential[] =>
    textsOf(request[name as keyof typeof credentialKinds]).map((text) => {
      return { kind, text: new Secret(text) };
    }),
  );
  const [requestId = newId()] = textsOf(request.requestId);
  const [userAgent] = textsOf(request.userAgent);
  return {
    socketId: textOf(request.socketId),
    credentials,
    constraints: { tenantIds: textsOf(request.tenantId) },
    origin: { requestId, address: textOf(request.address), userAgent },
  };
}

export function channelRequest(
  request: ClientRequest & { readonly socketId: string; readonly channelName: string },
  newId: () => string,
): ChannelAuthRequest {
  return { ...userRequest(request, newId), channelName: textOf(request.channelName) };
}

/** JavaScript does not check a field that the client left out. It is refused like an empty one; an error would be a 503. */
const textOf = (field: unknown): string => (typeof field === 'string' ? field : '');

/** An optional field: one text or none. `null` is no value, as in a body. */
const textsOf = (field: unknown): readonly string[] =>
  field === undefined || field === null ? [] : [textOf(field)];

/** The position of a page, which the client sends back. */
export const cursorOf = (after: unknown): ListCursor | undefined => parseCursor(textsOf(after)[0]);

export function refusalOf(refusal: Refusal): Refused {
  const { id, code } = refusal;
  const response = responseTo(refusal, { responses: generalResponses });
  return { outcome: 'refusal', decisionId: id, code, ...response };
}
