import type { Secret } from '../runtime/secret.ts';
import { applicationUrlProblems } from '../runtime/network/fetch-url.ts';
import type { SettingsReader } from './read.ts';

export interface TokenIntrospectionConfig {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly audience: readonly string[];
}

/** Returns `undefined` if opaque tokens are not introspected. */
export function loadTokenIntrospection(read: SettingsReader): TokenIntrospectionConfig | undefined {
  const address = read.optional('INTROSPECTION_URL');
  if (address === undefined) return undefined;
  const endpoint = new URL(address.reveal());
  for (const problem of applicationUrlProblems(endpoint))
    read.problem(`INTROSPECTION_URL ${problem}`);
  if (read.isSet('SANCTUM_DATABASE_URL')) {
    read.problem(
      'INTROSPECTION_URL and SANCTUM_DATABASE_URL must not both be set: an opaque token could be of either',
    );
  }
  return {
    url: endpoint,
    clientId: read.required('INTROSPECTION_CLIENT_ID'),
    clientSecret: read.required('INTROSPECTION_CLIENT_SECRET'),
    audience: read.optional('INTROSPECTION_AUDIENCE') ?? [],
  };
}
