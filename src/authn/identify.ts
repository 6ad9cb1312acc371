import { withSpan } from '../observability/tracing/span.ts';
import type { SpanAttributes } from '../observability/tracing/tracer.ts';
import type { PrincipalKind } from '../policy/principal.ts';
import type { Identification, Identify, Credential } from './credential.ts';

/**
 * Reads one kind of credential. Throws `Unavailable` if it cannot be verified. `principal` is the only kind of principal that a
 * token may make, for the routes of a policy.
 */
export type CredentialReader = (text: string, principal?: PrincipalKind) => Promise<Identification>;

/** The configured readers, by kind of credential. */
export type CredentialReaders = Readonly<Partial<Record<Credential['kind'], CredentialReader>>>;

const notConfigured: CredentialReader = () =>
  Promise.resolve({ fault: 'credential-not-configured' });

/**
 * Creates `Identify` from the configured readers. A kind without a reader is refused. It is never read as another kind.
 */
export function createIdentify(readers: CredentialReaders): Identify {
  return ({ kind, text, principal }) =>
    withSpan(
      `credential ${kind}`,
      () => (readers[kind] ?? notConfigured)(text.reveal(), principal),
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
export function createRenewedIdentify(all: () => readonly Identifying[]): Identify {
  return (credential) => {
    const readers = all();
    const current = readers[0];
    if (current === undefined) return notConfigured('');
    return readers.length === 1
      ? current.identify(credential)
      : identifyByAny(credential, current, readers.slice(1));
  };
}

async function identifyByAny(
  credential: Credential,
  current: Identifying,
  previous: readonly Identifying[],
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
