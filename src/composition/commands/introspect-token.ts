import type { CredentialReader } from '../../authn/credential.ts';
import { createTokenIntrospection } from '../../authn/token-introspection.ts';
import type { IssuerClaims } from '../../authn/token-issuers.ts';
import type { TokenIntrospectionConfig } from '../../config/token-introspection.ts';
import { buildCommandClient } from '../host-client.ts';

/** The claims matter only for a token that is active. */
const anyUser: IssuerClaims = {
  ...{ kind: 'user', id: [], revocation: undefined },
  claims: { id: ['sub'], roles: [] },
  attributes: [],
};

/** Creates the reader that introspects a token as the service does. */
export function introspectToken(
  settings: TokenIntrospectionConfig,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): CredentialReader {
  const client = buildCommandClient('token introspection', settings.url, fetch);
  return createTokenIntrospection({ ...settings, client, claims: () => anyUser, now });
}
