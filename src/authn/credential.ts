import type { OwnRefusalCode } from '../policy/decision.ts';
import type { Principal, PrincipalKind } from '../policy/principal.ts';
import type { Secret } from '../runtime/secret.ts';

/** The maximum number of characters of a token. A token of Entra with 200 groups has 10 KB. */
export const maxTokenLength = 16 * 1024;

/** A credential from the request, not verified yet. The type of its text keeps it out of logs. */
export interface Credential {
  readonly kind: 'guest-token' | 'bearer' | 'guest-session' | 'session-cookie';
  readonly text: Secret;
  /** The only kind of principal that it may make: that of the route. */
  readonly principal?: PrincipalKind;
  /** The reason for which it is refused without being read: the page that sent it may not use it. */
  readonly refused?: 'origin-refused';
}

/** The kind of credential that authenticates a kind of principal. */
export function credentialKindOf(principal: PrincipalKind): Credential['kind'] {
  if (principal === 'user') return 'bearer';
  if (principal === 'visitor') return 'session-cookie';
  return principal === 'guest-session' ? 'guest-session' : 'guest-token';
}

/** The reason for which a credential was refused. */
export type CredentialFault = Extract<
  OwnRefusalCode,
  | 'credential-malformed'
  | 'credential-expired'
  | 'credential-rejected'
  | 'credential-not-configured'
>;

/**
 * A refused credential. `detail` is the condition that it does not meet, as the name of a check: what is expected, and the
 * type of what was found, never the value. There are few different ones, because a metric has them as a label.
 */
export interface RefusedCredential {
  readonly fault: CredentialFault;
  readonly detail?: string;
}

/** A credential that does not meet this condition. */
export function rejected(detail: string) {
  return { fault: 'credential-rejected', detail } as const;
}

/** The principal of a credential, with notes on what was left out of it, each as the name of a check. */
export interface Identified {
  readonly principal: Principal;
  readonly notes?: readonly string[];
}

/** The principal of a credential, or the fault of the credential. */
export type Identification = Identified | RefusedCredential;

/** Identifies a principal, with notes on what was left out. */
export function identified(principal: Principal, notes: readonly string[]): Identified {
  return notes.length === 0 ? { principal } : { principal, notes };
}

/**
 * Finds the principal of a credential. Throws `Unavailable` if a dependency fails, so that an outage is never treated
 * as a valid or an invalid credential.
 */
export type Identify = (credential: Credential) => Promise<Identification>;
