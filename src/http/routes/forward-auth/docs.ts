import {
  anyCredential,
  authRequestRefusals,
  headerFaults,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { decided, withHeaders, type Header } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { targetFaults } from './requested-channel.ts';

/** The statuses and messages of refusals: those of the general routes, with 403 in place of 400. */
export const forwardAuthResponses: typeof generalResponses = Object.fromEntries(
  Object.entries(generalResponses).map(([code, response]) => [code, withoutBadRequest(response)]),
) as typeof generalResponses;

function withoutBadRequest<Response extends { readonly status: number }>(response: Response) {
  return response.status === 400 ? { ...response, status: 403 } : response;
}

const header = (description: string): Header => ({
  description,
  required: true,
  schema: { type: 'string' },
});

const identity = {
  'X-Usher-User': header('The id of the principal. This and the next values are percent-encoded.'),
  'X-Usher-Kind': header('The kind of the principal, such as `user` or `visitor`'),
  'X-Usher-Tenant-Id': header('The tenant of the principal; empty without one'),
  'X-Usher-Roles': header('The roles of the principal, separated by commas'),
  'X-Usher-Decision-Id': header('The same as `X-Decision-Id`'),
};

const channels = {
  bare: 'private-tenant.1.user.15',
  'not-allowed': 'private-tenant.1.user.16',
  'tenant-mismatch': 'private-tenant.2.user.15',
  'malformed-channel': 'news',
  'no-channel': '',
};

/** OpenAPI of `GET /forward-auth`. */
export const forwardAuthDocs = docs.describeRoute({
  tag: 'WebSockets',
  summary: 'Authorize a connection for a proxy',
  description:
    'For nginx `auth_request`, Caddy and Traefik `forward_auth`, Envoy `ext_authz` and HAProxy. Without `channel`, the channel is that of the WebSocket path in `X-Original-URI`, `X-Original-URL` or `X-Forwarded-Uri`, or of the path after `/forward-auth`. All methods have the same response. Bodies are ignored.',
  security: anyCredential,
  parameters: [
    ...tenantParameter,
    {
      name: 'channel',
      in: 'query',
      description: 'The channel, which the proxy knows',
      required: false,
      schema: { type: 'string', maxLength: maxCharacters.channelName },
      examples: Object.fromEntries(
        Object.entries(channels).map(([name, value]) => [name, { value }]),
      ),
    },
  ],
  status: 204,
  ok: decided(withHeaders({ description: 'The client may connect' }, identity)),
  faults: [
    ...headerFaults.map(withoutBadRequest),
    docs.fault('no-channel', [403, targetFaults.missing]),
    docs.fault('unknown-path', [403, targetFaults.unknown]),
    docs.fault('malformed-uri', [403, targetFaults.malformed]),
    docs.fault('different-uris', [403, targetFaults.differentUris]),
    docs.fault('different-channels', [403, targetFaults.differentChannels]),
    ...docs.refusals(forwardAuthResponses, [
      ...authRequestRefusals,
      'malformed-channel',
      'not-allowed',
      'tenant-missing',
      'tenant-mismatch',
      'too-many-authorizations',
    ]),
    docs.fault('too-many-attempts', [429, 'Too many connection attempts']),
    docs.tooManyRefused,
    docs.unavailable,
  ],
});
