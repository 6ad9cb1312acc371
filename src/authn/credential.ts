import type { RefusalCode } from '../policy/decision.ts';
import type { Principal } from '../policy/principal.ts';
import type { Secret } from '../runtime/secret.ts';

/** A credential as it was presented: unread, and kept out of every log by its type. */
export interface Credential {
  readonly kind: 'guest-token' | 'bearer' | 'guest-session' | 'session-cookie';
  readonly text: Secret;
  /** Why the door does not let it count: it was shown by a page that may not use it. Nobody reads it then. */
  readonly refused?: 'origin-refused';
}

/** Why a credential was not accepted. */
export type CredentialFault = Extract<
  RefusalCode,
  | 'credential-malformed'
  | 'credential-expired'
  | 'credential-rejected'
  | 'credential-not-configured'
>;

/** The principal behind a credential, or why there is none. */
export type Identification =
  { readonly principal: Principal } | { readonly fault: CredentialFault };

/**
 * Finds out whose credential this is. Throws `Unavailable` when that could not be found out,
 * so that an outage is never taken for a bad credential, nor for a good one.
 */
export type Identify = (credential: Credential) => Promise<Identification>;
