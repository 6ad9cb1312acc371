import { decisionFilters, type DecisionFilter } from '../../../audit/decision-filters.ts';
import { shadowResults } from '../../../audit/shadow-verdict.ts';
import { remedies } from '../../../audit/remedies.ts';
import { actions } from '../../../policy/decision.ts';
import { decisionIdPattern } from '../../../audit/audit-event.ts';
import {
  closedObject,
  json,
  type Examples,
  type Parameter,
  type Schema,
} from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { streamFaults } from './stream-limits.ts';
import { maxValueLength, pageLimits, queryFaults, streamFilterNames } from './query.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const text: Schema = { type: 'string' };

const outcomes = ['grant', 'refusal'] as const;

const shadow = {
  ...closedObject(
    {
      side: { enum: ['rules', 'application'], description: 'The side that was only compared' },
      answered: { enum: outcomes },
      watched: { enum: outcomes, description: 'Its verdict' },
      result: { enum: shadowResults },
      reason: { ...text, description: 'Why it refused, or had no verdict' },
    },
    ['watched', 'reason'],
  ),
  description: 'Shadow mode: the verdict of the side that is only compared',
};

const entry = closedObject(
  {
    decision_id: { $ref: '#/components/schemas/DecisionId' },
    at: { $ref: '#/components/schemas/Moment' },
    action: { enum: actions },
    outcome: { enum: outcomes },
    code: { ...text, description: 'The reason of a refusal' },
    remedy: { ...text, description: 'A remedy, if the request should be granted' },
    policy: { ...text, description: 'The hash of the policy that decided' },
    family: { ...text, description: 'The pattern of the channel' },
    channel: text,
    socket_id: text,
    principal: closedObject({
      kind: { ...text, description: '`user`, `visitor`, `guest-session` or a kind of the policy' },
      id: text,
    }),
    tenant_id: text,
    failed_check: { ...text, description: 'The first failed check' },
    checks: { type: 'array', items: closedObject({ name: text, passed: { type: 'boolean' } }) },
    signals: { type: 'array', items: text, description: 'Security events of the decision' },
    shadow,
    origin: closedObject({ request_id: text, address: text, user_agent: text }, ['user_agent']),
  },
  [
    'code',
    'remedy',
    'policy',
    'family',
    'channel',
    'socket_id',
    'principal',
    'tenant_id',
    'failed_check',
    'shadow',
  ],
);

/** The result of a refused decision, which `POST /explain` shows too. */
export const refusedResult = {
  outcome: 'refusal',
  code: 'not-allowed',
  remedy: remedies['not-allowed'],
  policy: '0123456789abcdef',
  family: 'private-tenant.{tenantId}.user.{userId}',
  principal: { kind: 'user', id: '15' },
  tenant_id: '1',
  failed_check: 'channel is the user’s own',
  checks: [
    { name: 'channel type accepts this kind of principal', passed: true },
    { name: 'request names a tenant', passed: true },
    { name: 'credential is of the tenant of the request', passed: true },
    { name: 'channel is of the tenant of the request', passed: true },
    { name: 'user is of this tenant', passed: true },
    { name: 'channel is the user’s own', passed: false },
    { name: 'required fact exists', passed: true },
    { name: 'rule has checks', passed: true },
  ],
};

const refused = {
  decision_id: '9b2f6c1e-3d47-4a58-8f0a-6c1d2e3f4a5b',
  at: '2025-06-01T12:00:00.000Z',
  action: 'subscribe',
  ...refusedResult,
  channel: 'private-tenant.1.user.16',
  socket_id: '1234.5678',
  signals: [],
  origin: {
    request_id: 'b7a0a5cf-4f0e-4f43-9d1e-2f4f8f0c3a11',
    address: '127.0.0.1',
    user_agent: 'Mozilla/5.0',
  },
};

/** OpenAPI of `GET /decisions/{id}`. */
export const decisionDocs = docs.describeRoute({
  tag: 'Operating',
  summary: 'Read a recorded decision',
  security: guarded,
  ok: json('The recorded decision', entry, {
    refused: { value: refused },
  }),
  faults: [
    ...guardFaults,
    docs.fault('malformed-id', [400, `params/id must match pattern "${decisionIdPattern}"`]),
    docs.fault('absent', [404, 'There is no such decision in the audit log']),
    docs.unavailable,
  ],
});

interface QueryDocs extends Partial<Pick<Parameter, 'schema' | 'examples'>> {
  readonly description: string;
}

const inQuery = (
  name: string,
  { description, schema = { type: 'string', maxLength: maxValueLength }, examples = {} }: QueryDocs,
): Parameter => ({ name, in: 'query', description, required: false, schema, examples });

/** The filters of a list. */
const filterParameters = Object.entries<DecisionFilter>(decisionFilters).map(
  ([name, { about, values }]) =>
    inQuery(name, { description: about, ...(values && { schema: { enum: values } }) }),
);

const time: Schema = { type: 'string', format: 'date-time' };
const examplesOf = (examples: Readonly<Record<string, string>>): Examples =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));

/** OpenAPI of `GET /decisions`. */
export const decisionsDocs = docs.describeRoute({
  tag: 'Operating',
  summary: 'Search recorded decisions',
  description:
    'Newest first. All filters must match exactly. A page may have fewer decisions than `limit`, or none, and still `next`: a query reads a limited number of rows.',
  security: guarded,
  parameters: [
    ...filterParameters,
    inQuery('from', {
      description: 'The first time that is included',
      schema: time,
      examples: examplesOf({
        none: '',
        'malformed-time': 'yesterday',
        'no-range': '2025-06-01T12:00:00Z',
      }),
    }),
    inQuery('to', {
      description: 'The first time that is not included',
      schema: time,
      examples: examplesOf({ none: '2025-06-01T11:00:00Z', 'no-range': '2025-06-01T11:00:00Z' }),
    }),
    inQuery('after', {
      description: 'The value of `next` of the previous page',
      examples: examplesOf({ none: '', 'malformed-after': 'none' }),
    }),
    inQuery('limit', {
      description: `The number of decisions; ${pageLimits.default} by default`,
      schema: { type: 'string', pattern: '^[0-9]+$' },
      examples: examplesOf({ none: '50', 'malformed-limit': '201' }),
    }),
  ],
  ok: json(
    'The decisions, newest first',
    closedObject(
      {
        decisions: { type: 'array', items: entry },
        next: {
          ...text,
          description: 'Present if there may be more decisions; send it as `after`',
        },
      },
      ['next'],
    ),
    { none: { value: { decisions: [] } } },
  ),
  faults: [
    ...guardFaults,
    docs.fault('malformed-time', [400, queryFaults.time('from')]),
    docs.fault('no-range', [400, queryFaults.range]),
    docs.fault('malformed-after', [400, queryFaults.after]),
    docs.fault('malformed-limit', [400, queryFaults.limit]),
    docs.unavailable,
  ],
});

/** OpenAPI of `GET /decisions/stream`. */
export const decisionStreamDocs = docs.describeRoute({
  tag: 'Operating',
  summary: 'Follow new decisions',
  description:
    'Server-sent events of all replicas: `decision` with the body of `GET /decisions/{id}`, `gap` if there were more decisions than the stream sends, and `unavailable` while the audit log cannot be read. The filters are those of `GET /decisions`, without `shadow`.',
  security: guarded,
  parameters: filterParameters.filter(({ name }) => streamFilterNames.includes(name)),
  ok: {
    description: 'The stream is open until the client closes it or Usher shuts down',
    content: { 'text/event-stream': { schema: text, examples: { stream: { value: ': open\n' } } } },
  },
  faults: [
    ...guardFaults,
    docs.fault('too-many-streams', [429, streamFaults.tooMany]),
    docs.fault('closing-stream', [503, streamFaults.closing]),
  ],
});
