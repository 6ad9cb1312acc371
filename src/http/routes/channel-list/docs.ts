import {
  anyCredential,
  authRequestRefusals,
  headerFaults,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { allOf, json, type Operation } from '../../openapi/operation.ts';
import {
  responsesFor,
  refusals,
  tooManyRefused,
  unavailable,
  type ErrorExample,
} from '../../output/error-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

const listRefusals = {
  ...authRequestRefusals,
  'tenant-missing': undefined,
  'tenant-mismatch': undefined,
  'too-many-authorizations': undefined,
} as const;

const malformedCursor: ErrorExample = {
  name: 'malformed-after',
  status: 400,
  message: 'after is malformed; send the value of `next`',
};

/** What `GET /api/channels` says of itself. */
export const channelListDocs: Operation = {
  tags: ['Channels'],
  summary: 'Which channels may I enter now?',
  description:
    'For a client to leave channels that are not listed, once it has read every page. A list counts as one authorization of `RATE_LIMIT_AUTHORIZATIONS`. Encrypted forms are listed where there is a master key. A refusal is on record, a list is not.',
  security: anyCredential,
  parameters: [
    ...tenantParameter,
    {
      name: 'after',
      in: 'query',
      description: 'The value of `next` in the answer before; left out for the first page',
      required: false,
      schema: { type: 'string', maxLength: maxCharacters.cursor },
      examples: { user: { value: '' }, 'malformed-after': { value: 'none' } },
    },
  ],
  responses: allOf(
    {
      200: json(
        'The names of the caller’s own channels',
        {
          type: 'object',
          additionalProperties: false,
          required: ['channels'],
          properties: {
            channels: { type: 'array', items: { type: 'string' } },
            next: { type: 'string', description: 'There is another page; send this as `after`' },
          },
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
    responsesFor([
      ...headerFaults,
      malformedCursor,
      ...refusals(generalResponses, listRefusals),
      tooManyRefused,
      unavailable,
    ]),
  ),
};
