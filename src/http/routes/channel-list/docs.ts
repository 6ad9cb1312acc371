import {
  anyCredential,
  authRequestRefusals,
  headerFaults,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { closedObject, json } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

export const channelListDocs = docs.describeRoute({
  tag: 'Channels',
  summary: 'List the channels of the principal',
  description:
    'A client that has read every page can leave channels that are not listed. A list counts as one authorization of `RATE_LIMIT_AUTHORIZATIONS`. Encrypted forms are listed if there is a master key. A refusal is written to the audit log, a list is not.',
  security: anyCredential,
  parameters: [
    ...tenantParameter,
    {
      name: 'after',
      in: 'query',
      description: 'The value of `next` of the previous page; omitted for the first page',
      required: false,
      schema: { type: 'string', maxLength: maxCharacters.cursor },
      examples: { user: { value: '' }, 'malformed-after': { value: 'none' } },
    },
  ],
  ok: json(
    'The names of the caller’s own channels',
    closedObject(
      {
        channels: { type: 'array', items: { type: 'string' } },
        next: { type: 'string', description: 'There is another page; send this as `after`' },
      },
      ['next'],
    ),
    {
      user: {
        value: {
          channels: ['private-tenant.1.user.15', 'private-encrypted-tenant.1.user.15'],
        },
      },
    },
  ),
  faults: [
    ...headerFaults,
    docs.fault('malformed-after', [400, 'after is malformed; send the value of `next`']),
    ...docs.refusals(generalResponses, [
      ...authRequestRefusals,
      'tenant-missing',
      'tenant-mismatch',
      'too-many-authorizations',
    ]),
    docs.tooManyRefused,
    docs.unavailable,
  ],
});
