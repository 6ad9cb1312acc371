import {
  anyCredential,
  authRequestFields,
  authRequestRefusals,
  channelField,
  headerFaults,
  noChannelName,
  noSocket,
  signature,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import {
  decided,
  json,
  openObject,
  type Examples,
  type Operation,
} from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

const form = (channel_name: string, socket_id = '1234.5678') => ({ socket_id, channel_name });

/** A channel request and the signature of its grant. */
interface Granted {
  readonly name: string;
  readonly summary: string;
  readonly body: object;
  readonly proof: object;
}

const ofUsers: readonly Granted[] = [
  {
    name: 'private',
    summary: 'A private channel',
    body: form('private-tenant.1.user.15'),
    proof: { auth: 'app-key:2cb6f9b5efe82c591cf922cd78cbcd04e8f3391ebc3cd784f1b43095d3af3b6b' },
  },
  {
    name: 'encrypted',
    summary: 'An encrypted channel; requires a master key',
    body: form('private-encrypted-tenant.1.user.15'),
    proof: {
      auth: 'app-key:77a07cf20ea80f82c9740d052e0f49187c874069dffbdd3dde0dbf11fa6845df',
      shared_secret: '8cdK2SsQ06IdGBrgGMrDdCEZj9WHXtMno2N0+jnZ6lU=',
    },
  },
];

/** Not on the route with a tenant in its path. */
const ofOthers: readonly Granted[] = [
  {
    name: 'session-cookie',
    summary: 'A channel of the application, with its session cookie',
    body: form('private-chat-box'),
    proof: { auth: 'app-key:95f183f7a7a4f389a7af95f4b0212a0fc18912dea4f8ae8af13ccf63fd1e2443' },
  },
];

const faults: readonly docs.ErrorExample[] = [
  ...docs.bodyFaults,
  ...headerFaults,
  noSocket({ channel_name: 'private-tenant.1.user.15' }),
  noChannelName,
  ...docs.refusals(generalResponses, authRequestRefusals),
  ...docs.refusedBodies(generalResponses, {
    'malformed-socket-id': form('private-tenant.1.user.15', '1234'),
    'malformed-channel': form('news'),
    'not-allowed': form('private-tenant.1.user.16'),
    'tenant-mismatch': form('private-tenant.2.user.15'),
  }),
  ...docs.refusals(generalResponses, ['too-many-authorizations', 'too-many-subscriptions']),
  docs.tooManyRefused,
  docs.unavailable,
];

const withoutTenant: readonly docs.ErrorExample[] = [
  ...docs.refusals(generalResponses, ['tenant-missing']),
];

export function channelAuthDocs(path: string): Operation {
  return path.includes(':tenantId')
    ? operation(ofUsers, faults)
    : operation([...ofUsers, ...ofOthers], [...faults, ...withoutTenant]);
}

function operation(granted: readonly Granted[], refused: readonly docs.ErrorExample[]): Operation {
  const examples = (valueOf: (each: Granted) => object): Examples =>
    Object.fromEntries(
      granted.map((each) => [each.name, { summary: each.summary, value: valueOf(each) }]),
    );
  return docs.describeRoute({
    tag: 'Channels',
    summary: 'Authorize a subscription',
    description:
      'The request of pusher-js and Laravel Echo before a subscription. They accept only status 200. The request must have exactly one of the credentials.',
    security: anyCredential,
    parameters: tenantParameter,
    body: {
      schema: openObject({ ...authRequestFields, channel_name: channelField }, ['guest_session']),
      examples: examples(({ body }) => body),
    },
    ok: decided(
      json(
        'The signature, which the client sends to the Pusher server',
        signature,
        examples(({ proof }) => proof),
      ),
    ),
    faults: refused,
  });
}
