import { withSpan } from '../observability/tracing/span.ts';
import type { SpanAttributes } from '../observability/tracing/tracer.ts';
import type { OwnRefusalCode } from '../policy/decision.ts';
import type { Principal, PrincipalKind } from '../policy/principal.ts';
import type { Secret } from '../runtime/secret.ts';

/** The maximum number of characters of a token. A token of Entra with 200 groups has 10 KB. */
export const maxTokenLength = 16 * 1024;

/** A credential from the request, not verified yet. The type of its text keeps it out of logs. */
export interface Credential {
  readonly kind: 'guest-token' | 'bearer' | 'guest-session' | 'session-cookie';
  /** Empty for a bearer whose header has another scheme, or more than a token. */
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
export type RefusedCredential =
  | { readonly fault: 'credential-not-configured'; readonly detail?: never }
  | {
      readonly fault: Exclude<CredentialFault, 'credential-not-configured'>;
      readonly detail: string;
    };

/** A credential that does not meet this condition. */
export function rejected(detail: string) {
  return { fault: 'credential-rejected', detail } as const;
}

/** A credential without this form, which was not looked up. */
export function malformed(detail: string) {
  return { fault: 'credential-malformed', detail } as const;
}

/** A credential whose end, which this condition names, has passed. */
export function expired(detail: string) {
  return { fault: 'credential-expired', detail } as const;
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

/**
 * Reads one kind of credential. Throws `Unavailable` if it cannot be verified. `principal` is the only kind of principal that a
 * token may make, for the routes of a policy.
 */
export type CredentialReader = (text: string, principal?: PrincipalKind) => Promise<Identification>;

/** The configured readers, by kind of credential. */
export type CredentialReaders = Readonly<Partial<Record<Credential['kind'], CredentialReader>>>;

const notConfigured: CredentialReader = () =>
  Promise.resolve({ fault: 'credential-not-configured' });

const otherHeader = {
  fault: 'credential-malformed',
  detail: 'Authorization is Bearer and a token: found another form',
} as const;

/**
 * Creates `Identify` from the configured readers. A kind without a reader is refused. It is never read as another kind.
 */
export function createIdentify(readers: CredentialReaders): Identify {
  return ({ kind, text, principal }) =>
    withSpan(
      `credential ${kind}`,
      () => {
        const shown = text.reveal();
        // A reader would describe the token, which may be a good one.
        if (shown === '' && kind === 'bearer') return Promise.resolve(otherHeader);
        return (readers[kind] ?? notConfigured)(shown, principal);
      },
      (read): SpanAttributes => ('fault' in read ? { 'usher.code': read.fault } : {}),
    );
}

interface Identifying {
  readonly identify: Identify;
}

/**
 * Creates `Identify` of the current secrets and of previous ones that are still accepted; the current one is first. The
 * fault is that of the current secrets.
 */
export function identifyWithPrevious(versions: {
  readonly all: readonly [Identifying, ...Identifying[]];
}): Identify {
  return (credential) => {
    const { all } = versions;
    return all.length === 1 ? all[0].identify(credential) : identifyByAny(credential, all);
  };
}

async function identifyByAny(
  credential: Credential,
  [current, ...previous]: readonly [Identifying, ...Identifying[]],
): Promise<Identification> {
  const [first] = await Promise.allSettled([current.identify(credential)]);
  if (first.status === 'fulfilled' && !isOfOtherSecret(first.value)) return first.value;
  for (const { identify } of previous) {
    const [other] = await Promise.allSettled([identify(credential)]);
    if (other.status === 'fulfilled' && 'principal' in other.value) return other.value;
  }
  if (first.status === 'rejected') throw first.reason;
  return first.value;
}

/** True for a credential that the current secrets do not verify: a tampered one looks the same. */
const isOfOtherSecret = (read: Identification): boolean =>
  'fault' in read &&
  (read.fault === 'credential-rejected' || read.fault === 'credential-malformed');
