import type { TokenPolicy } from '../policy.ts';
import type { RawIssuer } from './read-issuers.ts';

/** The fields of an issuer that are the same for all users of an identity provider, or of a library that makes tokens. */
interface IssuerPreset {
  /** `{issuer}` in an address is the issuer without the slash at its end. */
  readonly fields: Partial<RawIssuer>;
  readonly revokedIn?: TokenPolicy['revokedIn'];
  readonly rolesBy?: 'organization';
  /** Fields that only the operator can fill. Without one of them Usher would accept tokens for other applications, or none. */
  readonly needs: readonly PresetNeed[];
}

export interface PresetNeed {
  /** A key of the issuer, or a claim that `require` names. */
  readonly oneOf: readonly ('issuer' | 'keys' | 'audience' | { readonly require: string })[];
  readonly reason: string;
}

const issuerLike = (example: string): PresetNeed => ({
  oneOf: ['issuer'],
  reason: `the exact \`iss\` of the tokens, such as ${example}`,
});

const keysLike = (example: string, what: string): PresetNeed => ({
  oneOf: ['keys'],
  reason: `${what}, such as ${example}`,
});

/** The SHA-1 of the model’s name: `App\Models\User`, and `App\User` before Laravel 8. */
const laravelUsers = [
  '23bd5c8949f600adb39e701c400872db7a5976f7',
  '87e0af1ef9fd15812fdec97153a14e0b047546aa',
] as const;

/** The presets of `preset: NAME`. `docs/issuer-presets.md` explains each. */
export const issuerPresets: Readonly<Record<string, IssuerPreset>> = {
  keycloak: {
    fields: {
      kind: 'user',
      keys: 'discover',
      // An ID token has `typ: ID`, a refresh token `typ: Refresh`.
      require: { typ: 'Bearer' },
      claims: { id: 'sub', roles: ['realm_access', 'roles'], name: 'name' },
      attributes: { groups: { claim: 'groups', type: 'list(string)' } },
    },
    needs: [
      issuerLike('https://id.example/realms/shop'),
      { oneOf: ['audience', { require: 'azp' }], reason: 'the client that a token is for' },
    ],
  },
  auth0: {
    fields: {
      kind: 'user',
      keys: 'discover',
      claims: { id: 'sub', tenant: 'org_id' },
      attributes: { permissions: { claim: 'permissions', type: 'list(string)' } },
    },
    needs: [
      issuerLike('https://shop.eu.auth0.com/'),
      { oneOf: ['audience'], reason: 'the identifier of the API; an ID token has the client id' },
    ],
  },
  cognito: {
    fields: {
      kind: 'user',
      keys: 'discover',
      // A token of a client without a user has no `username`.
      require: { token_use: 'access', username: { present: true } },
      claims: { id: 'sub', roles: 'cognito:groups', name: 'username' },
    },
    needs: [
      issuerLike('https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example'),
      {
        oneOf: [{ require: 'client_id' }, 'audience'],
        reason: 'the app client of a token, which usually has no `aud`',
      },
    ],
  },
  clerk: {
    fields: {
      kind: 'user',
      keys: { jwks: '{issuer}/.well-known/jwks.json' },
      // `sts` is `pending` until the user has done what the application demands, such as choosing an organization.
      require: { sid: { present: true }, sts: { if_present: 'active' } },
      claims: { id: 'sub', tenant: ['o', 'id'], roles: ['o', 'rol'] },
      attributes: { organization: { claim: ['o', 'slg'], type: 'string' } },
    },
    needs: [
      issuerLike('https://clerk.shop.example'),
      {
        oneOf: [{ require: 'azp' }, 'audience'],
        reason: 'the origin of the application, because a session token has no `aud`',
      },
    ],
  },
  supabase: {
    fields: {
      kind: 'user',
      keys: { jwks: '{issuer}/.well-known/jwks.json' },
      audience: ['authenticated'],
      require: { role: 'authenticated' },
      // Users write their `user_metadata` themselves, so it may only have what rules do not trust.
      claims: {
        id: 'sub',
        roles: ['app_metadata', 'roles'],
        tenant: ['app_metadata', 'tenant_id'],
        name: ['user_metadata', 'name'],
      },
      attributes: {
        is_anonymous: { claim: 'is_anonymous', type: 'bool' },
        aal: { claim: 'aal', type: 'string' },
      },
    },
    needs: [issuerLike('https://PROJECT.supabase.co/auth/v1')],
  },
  firebase: {
    fields: {
      kind: 'user',
      keys: {
        jwks: 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
      },
      claims: { id: 'sub', tenant: ['firebase', 'tenant'], name: 'name' },
      attributes: {
        sign_in_provider: { claim: ['firebase', 'sign_in_provider'], type: 'string' },
        email_verified: { claim: 'email_verified', type: 'bool' },
      },
    },
    needs: [
      issuerLike('https://securetoken.google.com/PROJECT'),
      { oneOf: ['audience'], reason: 'the id of the Firebase project' },
    ],
  },
  simplejwt: {
    fields: {
      kind: 'user',
      // A refresh token has `token_type: refresh`, and is signed with the same secret.
      require: { token_type: 'access' },
      claims: { id: 'user_id' },
    },
    needs: [keysLike('{ secret: { env: DJANGO_SECRET_KEY } }', 'the SIGNING_KEY of SIMPLE_JWT')],
  },
  passport: {
    fields: {
      kind: 'user',
      // League’s server writes the id of the client into `sub` if a token is of a client without a user.
      require: { sub: { differs_from: 'aud' } },
      claims: { id: 'sub' },
      attributes: { scopes: { claim: 'scopes', type: 'list(string)' } },
    },
    // The tokens live for a year, so a logout only marks the row.
    revokedIn: 'oauth_access_tokens',
    needs: [
      keysLike('{ public_key: { file: storage/oauth-public.key } }', 'the public key of Passport'),
      { oneOf: ['audience'], reason: 'the ids of the clients with which users sign in' },
    ],
  },
  tymon: {
    fields: {
      kind: 'user',
      // The model of the user: without it a token of another table’s row, with the same id, would be that of the user.
      require: { prv: { if_present: laravelUsers } },
      claims: { id: 'sub' },
    },
    needs: [keysLike('{ secret: { env: JWT_SECRET } }', 'the JWT_SECRET of the application')],
  },
  entra: {
    fields: {
      kind: 'user',
      keys: 'discover',
      // An ID token, and a token of a client without a user, have no `scp`.
      require: { scp: { present: true } },
      claims: { id: 'oid', roles: 'roles', tenant: 'tid', name: 'name' },
      attributes: {
        groups: { claim: 'groups', type: 'list(string)' },
        scopes: { claim: 'scp', type: 'list(string)' },
      },
    },
    needs: [
      issuerLike('https://login.microsoftonline.com/TENANT/v2.0'),
      { oneOf: ['audience'], reason: 'the client id or the application id URI of the API' },
    ],
  },
  okta: {
    fields: {
      kind: 'user',
      keys: 'discover',
      // An ID token, and a token of a client without a user, have no `uid`. `sub` is the login, which can be given to somebody else.
      claims: { id: 'uid', roles: 'groups' },
      attributes: { scopes: { claim: 'scp', type: 'list(string)' } },
    },
    needs: [
      issuerLike('https://shop.okta.com/oauth2/default'),
      { oneOf: ['audience'], reason: 'the audience of the authorization server' },
    ],
  },
  zitadel: {
    fields: {
      kind: 'user',
      keys: 'discover',
      // An ID token has the same audiences, and no `jti`.
      require: { jti: { present: true } },
      claims: {
        id: 'sub',
        roles: 'urn:zitadel:iam:org:project:roles',
        tenant: 'urn:zitadel:iam:user:resourceowner:id',
      },
    },
    rolesBy: 'organization',
    needs: [
      issuerLike('https://shop-abc123.zitadel.cloud'),
      { oneOf: ['audience'], reason: 'the id of the project' },
    ],
  },
};
