import type { OwnRefusalCode } from '../../policy/decision.ts';
import type { AnswerStyle } from '../../policy/policy.ts';

/** The status and message that the client receives for a refusal. */
export interface RefusalResponse {
  readonly status: number;
  readonly message: string;
}

/** The response to each refusal code. */
export type RefusalResponses<Code extends string> = Readonly<Record<Code, RefusalResponse>>;

/** The responses to exceeded limits, which are the same on every route. */
const limitResponses = {
  'too-many-authorizations': { status: 429, message: 'Too many authorizations' },
  'too-many-subscriptions': { status: 429, message: 'Too many channels on this connection' },
} as const;
const malformedSocket = { status: 400, message: 'socket_id is malformed' } as const;
const badCredential = { status: 401, message: 'The credential is not valid' } as const;
const refused = { status: 403, message: 'You may not enter this channel' } as const;
const otherTenant = {
  status: 403,
  message: 'The tenant of the request, the credential and the channel must be the same',
} as const;

/**
 * The general routes. "Not found" and "forbidden" have the same response. Otherwise a client could find out which facts
 * exist.
 */
export const generalResponses: RefusalResponses<OwnRefusalCode> = {
  'malformed-socket-id': malformedSocket,
  'malformed-channel': { status: 400, message: 'channel_name is malformed' },
  'unknown-channel': refused,
  'ambiguous-channel': refused,
  'credential-missing': { status: 401, message: 'A credential is required' },
  'credential-conflict': { status: 400, message: 'Only one credential may be presented' },
  'credential-malformed': badCredential,
  'credential-expired': { status: 401, message: 'The credential has expired' },
  'credential-rejected': badCredential,
  'credential-not-configured': badCredential,
  'origin-refused': { status: 403, message: 'The session may not be used from this page' },
  revoked: { status: 401, message: 'The credential has been revoked' },
  'tenant-missing': { status: 403, message: 'X-Tenant-ID is required' },
  'tenant-mismatch': otherTenant,
  'fact-missing': refused,
  'wrong-kind': refused,
  'not-allowed': refused,
  ...limitResponses,
};

/**
 * The response to a refusal code. A code that the responses do not have is a code of the policy: the response must not reveal
 * which check failed.
 */
export function responseFor(
  code: string,
  responses: Responses,
  otherwise: RefusalResponse = refused,
): RefusalResponse {
  return ownValue(limitResponses, code) ?? ownValue(responses, code) ?? otherwise;
}

type Responses = Readonly<Partial<Record<string, RefusalResponse>>>;

function ownValue(responses: Responses, code: string): RefusalResponse | undefined {
  return Object.hasOwn(responses, code) ? responses[code] : undefined;
}

/** All responses of an existing client's answer style, for the documentation. */
export function responsesOf({ refusals }: AnswerStyle): Readonly<Record<string, RefusalResponse>> {
  return { ...refusals, ...limitResponses };
}
