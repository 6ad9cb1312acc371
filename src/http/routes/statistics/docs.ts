import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults, silentWorker } from '../operator/docs.ts';

const text: Schema = { type: 'string' };
const moment = { $ref: '#/components/schemas/Moment' } as const;
const count: Schema = { type: 'integer', minimum: 0 };
const listOf = (items: Schema): Schema => ({ type: 'array', items });

const tracked: Schema = {
  ...listOf(closedObject({ app_key: text, count })),
  description:
    'Tracked Pusher connections of all replicas, by the key of the app; absent if the database is unavailable',
};

const latency: Schema = {
  ...closedObject({ p50: { type: 'number' }, p95: { type: 'number' }, p99: { type: 'number' } }),
  description: 'Milliseconds, at most 12 % too high; absent without a request',
};

const minute = closedObject(
  { at: moment, granted: count, refused: count, unavailable: count, latency_ms: latency },
  ['latency_ms'],
);

/** OpenAPI of `GET /statistics`. */
export const statisticsDocs: Operation = docs.describeRoute({
  tag: 'Operating',
  summary: 'Read the statistics of the last hour',
  description:
    'Of all workers of this replica, kept in memory. `unavailable` are requests that got no decision, because a dependency was unavailable. `refusals` has the ten checks that failed first most often.',
  security: guarded,
  ok: json(
    'The last 60 minutes, oldest first, including the current one',
    closedObject(
      {
        minutes: { ...listOf(minute), minItems: 60, maxItems: 60 },
        refusals: listOf(closedObject({ check: text, count })),
        limits: listOf(closedObject({ limit: text, count })),
        web_sockets: { ...count, description: 'Open WebSockets of this replica' },
        tracked,
      },
      ['tracked'],
    ),
    {},
  ),
  faults: [...guardFaults, silentWorker],
});

const connection = closedObject(
  {
    endpoint: { ...text, description: 'The path' },
    channel: text,
    principal: closedObject({ kind: text, id: text }),
    tenant_id: text,
    since: moment,
    expires_at: moment,
    rechecked_at: moment,
  },
  ['channel', 'tenant_id', 'expires_at', 'rechecked_at'],
);

/** OpenAPI of `GET /connections`. */
export const connectionsDocs: Operation = docs.describeRoute({
  tag: 'Operating',
  summary: 'List open WebSockets',
  description:
    'The newest 200 of this replica, newest first. `total` is the number of all. `rechecked_at` is the last revalidation that did not close it.',
  security: guarded,
  ok: json(
    'Open WebSockets, and the number of tracked Pusher connections',
    closedObject({ total: count, connections: listOf(connection), tracked }, ['tracked']),
    {},
  ),
  faults: [...guardFaults, silentWorker],
});

const byKind = (values: Schema): Schema => ({
  type: 'object',
  additionalProperties: values,
});

const channel = closedObject(
  {
    family: { ...text, description: 'The pattern, as decisions have it' },
    patterns: listOf(text),
    about: text,
    checks: { ...byKind(listOf(text)), description: 'By kind of principal' },
    facts: {
      ...byKind(listOf(closedObject({ name: text, optional: { type: 'boolean' } }))),
      description: 'By kind of principal: the names under which rules read facts',
    },
    tenant: { ...text, description: 'The parameter that is the tenant' },
    application_decides: {
      type: 'boolean',
      description:
        'Whether the channel has `ask`: Usher also requests the decision of the application',
    },
    last_hour: closedObject({ granted: count, refused: count }),
  },
  ['tenant'],
);

/** OpenAPI of `GET /channels`. */
export const channelsDocs: Operation = docs.describeRoute({
  tag: 'Policy',
  summary: 'List the channels of the policy in use',
  description: 'With their checks and facts, and the decisions of this replica in the last hour.',
  security: guarded,
  ok: json(
    'The channels',
    closedObject({ policy: { ...text, description: 'Its hash' }, channels: listOf(channel) }),
    {},
  ),
  faults: [...guardFaults, silentWorker],
});
