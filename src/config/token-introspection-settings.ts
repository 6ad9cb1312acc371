import { list, secret, text, url } from './setting.ts';

/** The settings of an introspection endpoint of OAuth 2.0 (RFC 7662). */
export const tokenIntrospectionSettings = {
  INTROSPECTION_URL: url(
    'Introspection endpoint (RFC 7662) of the server that issues opaque bearer tokens',
    ['https', 'http'],
  ),
  INTROSPECTION_CLIENT_ID: text('Client of Usher at that server'),
  INTROSPECTION_CLIENT_SECRET: secret('Secret of that client'),
  INTROSPECTION_AUDIENCE: list(
    text(
      'Audiences, of which an opaque token must have one in `aud`; without it any token is accepted',
    ),
  ),
};
