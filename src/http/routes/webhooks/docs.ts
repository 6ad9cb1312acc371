import { unknownTypes } from '../../input/body.ts';
import {
  allOf,
  json,
  onlyJson,
  type Examples,
  type Operation,
  type Parameter,
} from '../../openapi/operation.ts';
import {
  responsesFor,
  bodiesOf,
  tooManyRefused,
  unavailable,
  type ErrorExample,
} from '../../output/error-docs.ts';

const faults: readonly ErrorExample[] = [
  {
    name: 'malformed',
    status: 400,
    message: 'The webhook is malformed',
    request: { time_ms: 1748779200000 },
  },
  { name: 'forged', status: 401, message: 'The webhook is not signed by a known key' },
  {
    name: 'stale',
    status: 401,
    message: 'The webhook is too old',
    request: { time_ms: 1733050800000, events: [] },
  },
  { name: 'too-large', status: 413, message: 'The body is too large' },
  { name: 'another-type', status: 415, message: unknownTypes.json },
  { ...tooManyRefused, decided: false },
  unavailable,
];

const header = (name: string, description: string, examples: Examples): Parameter => ({
  ...{ name, in: 'header', required: true, description, examples },
  schema: { type: 'string' },
});

const nothing = '0'.repeat(64);

const parameters = [
  header('X-Pusher-Key', 'The key of the Pusher app', { taken: { value: 'app-key' } }),
  header('X-Pusher-Signature', 'hex(HMAC-SHA256(secret of the app, body))', {
    taken: { value: '792d919897bd256068df036af8c55df202154c63853af24cd3ec541d9d2d88cb' },
    malformed: { value: 'da82c29356170b8adfc6b9f97b2c10e648e2a03acff17fce1da5d9e5f97bcfd0' },
    forged: { value: nothing },
    stale: { value: '1e93614f9f4b6a2ade95d4899177e5f51297c5dd39b8e5e869044fa981cf5ca1' },
    'too-many-refused': { value: nothing },
    unavailable: { value: nothing },
  }),
];

/** What `POST /pusher/webhooks` says of itself. */
export const webhooksDocs: Operation = {
  tags: ['Webhooks'],
  summary: 'What a Pusher server tells of channels and members',
  description:
    'Of what it tells only figures are kept. One that comes again is answered `repeated`.',
  security: [],
  parameters,
  requestBody: onlyJson(
    {
      type: 'object',
      required: ['time_ms', 'events'],
      properties: {
        time_ms: { type: 'integer', description: 'When it was sent, in milliseconds since 1970' },
        events: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, channel: { type: 'string' } },
          },
        },
      },
    },
    {
      taken: {
        value: {
          time_ms: 1748779200000,
          events: [{ name: 'channel_occupied', channel: 'private-tenant.1.user.15' }],
        },
      },
      ...bodiesOf(faults),
    },
  ),
  responses: allOf(
    {
      200: json(
        'It counts',
        {
          type: 'object',
          additionalProperties: false,
          required: ['status'],
          properties: { status: { enum: ['taken', 'repeated'] } },
        },
        { taken: { value: { status: 'taken' } } },
      ),
    },
    responsesFor(faults),
  ),
};
