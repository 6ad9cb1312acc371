import { unknownTypes } from '../../input/body.ts';
import {
  closedObject,
  json,
  openObject,
  type Examples,
  type Parameter,
} from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';

const header = (name: string, description: string, examples: Examples): Parameter => ({
  name,
  in: 'header',
  required: true,
  description,
  examples,
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

export const webhooksDocs = docs.describeRoute({
  tag: 'Webhooks',
  summary: 'Receive a webhook of a Pusher server',
  description:
    'Usher keeps only statistics of the events. The response to a repeated webhook is `repeated`.',
  security: [],
  parameters,
  body: {
    schema: openObject({
      time_ms: {
        type: 'integer',
        description: 'Time of the webhook, in milliseconds since the epoch',
      },
      events: {
        type: 'array',
        items: openObject({ name: { type: 'string' }, channel: { type: 'string' } }, ['channel']),
      },
    }),
    examples: {
      taken: {
        value: {
          time_ms: 1748779200000,
          events: [{ name: 'channel_occupied', channel: 'private-tenant.1.user.15' }],
        },
      },
    },
    onlyJson: true,
  },
  ok: json('The webhook was accepted', closedObject({ status: { enum: ['taken', 'repeated'] } }), {
    taken: { value: { status: 'taken' } },
  }),
  faults: [
    docs.fault('malformed', [400, 'The webhook is malformed'], { time_ms: 1748779200000 }),
    docs.fault('forged', [401, 'The webhook is not signed by a known key']),
    docs.fault('stale', [401, 'The webhook is too old'], { time_ms: 1733050800000, events: [] }),
    docs.fault('too-large', [413, 'The body is too large']),
    docs.fault('another-type', [415, unknownTypes.json]),
    { ...docs.tooManyRefused, decided: false },
    docs.unavailable,
  ],
});
