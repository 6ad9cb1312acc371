import type { CredentialReader } from '../../authn/identify.ts';
import { createTokenIntrospection } from '../../authn/token-introspection.ts';
import type { IssuerClaims } from '../../authn/token-issuers.ts';
import type { TokenIntrospectionConfig } from '../../config/token-introspection.ts';
import { createHostClient } from '../../host/host-client.ts';
import { systemClock } from '../../runtime/clock.ts';

/** The claims matter only for a token that is active. */
const anyUser: IssuerClaims = {
  ...{ kind: 'user', id: [], revocation: undefined },
  claims: { id: ['sub'], roles: [] },
  attributes: [],
};

/** Creates the reader that asks the introspection endpoint about a token as the service does. */
export function introspectToken(
  settings: TokenIntrospectionConfig,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): CredentialReader {
  const { startTimer } = systemClock;
  const { origin } = settings.url;
  const client = createHostClient({ name: 'token introspection', origin }, { fetch, startTimer });
  return createTokenIntrospection({ ...settings, client, claims: () => anyUser, now });
}
