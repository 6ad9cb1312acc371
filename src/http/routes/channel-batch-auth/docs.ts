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
import * as docs from '../../output/route-docs.ts';

const names = ['private-tenant.1.user.15', 'private-tenant.1.user.16'] as const;
const fields: Readonly<Record<string, Schema>> = {
  ...authRequestFields,
  socket_id: {
    type: 'string',
    minLength: 1,
    maxLength: maxCharacters.socketId,
    description: 'One that is no `socket_id` is a 400 for each channel',
  },
};

const list: Schema = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
  items: channelField,
};

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
    'What the plugin `pusher-js-auth` asks. Each channel has its own status in a 200, and its proof in `data` where that is 200; who shows no credential gets 401 for each.',
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
        'The answer for each channel',
        {
          type: 'object',
          additionalProperties: closedObject(
            { status: { enum: [200, 400, 401, 403, 429, 503] }, data: signature },
            ['data'],
          ),
        },
        {
          batch: {
            value: {
              [names[0]]: {
                status: 200,
                data: {
                  auth: 'app-key:2cb6f9b5efe82c591cf922cd78cbcd04e8f3391ebc3cd784f1b43095d3af3b6b',
                },
              },
              [names[1]]: { status: 403 },
            },
          },
        },
      ),
    },
    docs.responsesFor(faults),
  ),
};
