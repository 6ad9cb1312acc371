import {
  anyCredential,
  authRequestFields,
  channelField,
  headerFaults,
  noChannelName,
  noSocket,
  signature,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import {
  allOf,
  closedObject,
  json,
  type Examples,
  type Operation,
  type Schema,
} from '../../openapi/operation.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import * as docs from '../../output/route-docs.ts';

const names = ['private-tenant.1.user.15', 'private-tenant.1.user.16'] as const;
const fields: Readonly<Record<string, Schema>> = {
  ...authRequestFields,
  socket_id: {
    type: 'string',
    minLength: 1,
    maxLength: maxCharacters.socketId,
    description: 'If it is malformed, each channel has status 400',
  },
};

const list: Schema = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
  items: channelField,
};

const decisionId = { $ref: '#/components/schemas/DecisionId' } as const;
const grantedEntry = closedObject({
  status: { const: 200 },
  data: signature,
  decision_id: decisionId,
});
const refusedEntry = closedObject(
  {
    status: { enum: [400, 401, 403, 429, 503] },
    message: { type: 'string' },
    decision_id: { ...decisionId, description: 'Absent with status 503' },
    retry_after: {
      type: 'integer',
      minimum: 1,
      description: 'Seconds after which to try again; with status 429 and 503',
    },
  },
  ['decision_id', 'retry_after'],
);

const faults = [
  ...docs.bodyFaults,
  ...headerFaults,
  noSocket({ channel_name: names }),
  noChannelName,
  docs.fault('channel-twice', [400, 'channel_name has a channel twice'], {
    socket_id: '1234.5678',
    channel_name: [names[0], names[0]],
  }),
  { ...docs.tooManyRefused, decided: false },
];

const examples: Examples = {
  batch: { value: { socket_id: '1234.5678', channel_name: names } },
  ...docs.bodiesOf(faults),
};

/** The form fields in which the plugin sends the list. */
const numbered = Object.fromEntries(
  Object.entries(examples).map(([name, { value }]) => {
    const { channel_name = [], ...others } = value as { readonly channel_name?: readonly string[] };
    const fields = channel_name.map((each, i) => [`channel_name[${i}]`, each] as const);
    return [name, { value: { ...others, ...Object.fromEntries(fields) } }];
  }),
);

export const channelBatchAuthDocs: Operation = {
  tags: ['Channels'],
  summary: 'Authorize several subscriptions',
  description:
    'For the client package (`GET /usher-client.js`) and the plugin `pusher-js-auth`. The response is a 200 with an entry for each channel. An entry has the status, message, decision id and seconds of `Retry-After` that `POST /pusher/auth` would send for this channel. With status 200 it has the signature in `data`. Without a credential each entry has status 401.',
  security: anyCredential,
  parameters: tenantParameter,
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['socket_id', 'channel_name'],
          properties: { ...fields, channel_name: list },
        },
        examples,
      },
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          required: ['socket_id', 'channel_name[0]'],
          properties: fields,
          patternProperties: { '^channel_name\\[(0|[1-9][0-9]{0,3})\\]$': channelField },
        },
        examples: numbered,
      },
    },
  },
  responses: allOf(
    {
      200: json(
        'The result for each channel',
        {
          type: 'object',
          additionalProperties: { oneOf: [grantedEntry, refusedEntry] },
        },
        {
          batch: {
            value: {
              [names[0]]: {
                status: 200,
                data: {
                  auth: 'app-key:2cb6f9b5efe82c591cf922cd78cbcd04e8f3391ebc3cd784f1b43095d3af3b6b',
                },
                decision_id: '0b6f3c1e-58a1-4c0e-9d5e-7f1f6a0b2c3d',
              },
              [names[1]]: {
                status: 403,
                message: generalResponses['not-allowed'].message,
                decision_id: '4e2d7a90-1b3c-4f5d-8a6b-9c0d1e2f3a4b',
              },
            },
          },
        },
      ),
    },
    docs.responsesFor(faults),
  ),
};
