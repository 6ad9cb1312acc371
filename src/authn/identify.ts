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
