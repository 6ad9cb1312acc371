import type { Schema } from '../openapi/operation.ts';

/** The proof for one channel, in Pusher's own field names. */
export const signature: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['auth'],
  properties: {
    auth: {
      type: 'string',
      pattern: '^[^:]+:[0-9a-f]{64}$',
      description: 'The key of the Pusher app, and the signature',
    },
    channel_data: {
      type: 'string',
      description: 'The member, as JSON text: of presence channels and of the hotel chat',
    },
    shared_secret: {
      type: 'string',
      description: 'The key of a private-encrypted channel, in base64',
    },
  },
};
