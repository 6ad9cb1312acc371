import type { Credential } from '../authn/credential.ts';
import type { CredentialConfig } from './authn.ts';

/** The kinds of credentials that Usher verifies with a request to a server of the application. */
export function remoteKindsOf({
  sessions,
  sanctum,
  passport,
  tokenIntrospection,
}: CredentialConfig): ReadonlySet<Credential['kind']> {
  const kinds = new Set<Credential['kind']>();
  if (sessions) kinds.add('session-cookie');
  if (sanctum ?? passport ?? tokenIntrospection) kinds.add('bearer');
  return kinds;
}
