import { withSpan } from '../observability/tracing/span.ts';
import type { SpanAttributes } from '../observability/tracing/tracer.ts';
import type { Identification, Identify, Credential } from './credential.ts';

/** Reads one kind of credential; throws `Unavailable` when it could not be checked. */
export type CredentialReader = (text: string) => Promise<Identification>;

/** The readers that are configured, by the kind of credential. */
export type CredentialReaders = Readonly<Partial<Record<Credential['kind'], CredentialReader>>>;

/** Refuses a kind of credential that is not configured. */
export const notConfigured: CredentialReader = () =>
  Promise.resolve({ fault: 'credential-not-configured' });

/** Makes `Identify` out of the configured readers; a kind without a reader is refused, never tried as another kind. */
export function createIdentify(readers: CredentialReaders): Identify {
  return ({ kind, text }) =>
    withSpan(
      `credential ${kind}`,
      () => (readers[kind] ?? notConfigured)(text.reveal()),
      (read): SpanAttributes => ('fault' in read ? { 'usher.code': read.fault } : {}),
    );
}
