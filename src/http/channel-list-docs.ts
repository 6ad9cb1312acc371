import { allOf, json, type Operation } from '../openapi/operation.ts';
import { anyCredential, askerRefusals, headerFaults, tenantParameter } from './asker-docs.ts';
import { answersTo, refusals, tooManyRefused, unavailable } from './error-docs.ts';
import { generalReplies } from './refusal-reply.ts';

const undecided = { decided: false };

/** What `GET /api/channels` says of itself. */
export const channelListDocs: Operation = {
  tags: ['Channels'],
  summary: 'Which channels may I enter now?',
  description:
    'For a client to drop those that it may not. Encrypted forms are there where there is a master key. No record is made of it.',
  security: anyCredential,
  parameters: tenantParameter,
  responses: allOf(
    {
      200: json(
        'The names of the caller’s own channels',
        {
          type: 'object',
          additionalProperties: false,
          required: ['channels'],
          properties: { channels: { type: 'array', items: { type: 'string' } } },
        },
        {
          user: {
            value: {
              channels: [
                'private-tenant.1.escrow.42',
                'private-encrypted-tenant.1.escrow.42',
                'private-tenant.1.escrow.42.chat',
                'presence-tenant.1.escrow.42.chat',
                'private-encrypted-tenant.1.escrow.42.chat',
                'private-tenant.1.user.15',
                'private-encrypted-tenant.1.user.15',
                'private-tenant.1.announcements',
                'private-encrypted-tenant.1.announcements',
                'private-announcements',
                'private-encrypted-announcements',
              ],
            },
          },
        },
      ),
    },
    answersTo([
      ...headerFaults,
      ...refusals(generalReplies, askerRefusals).map((each) => ({ ...each, ...undecided })),
      { ...tooManyRefused, ...undecided },
      unavailable,
    ]),
  ),
};
