import { closedObject, json, withHeaders, type Operation } from '../../openapi/operation.ts';
import {
  exampleOf,
  fault,
  responsesFor,
  unavailable,
  type ErrorExample,
} from '../../output/route-docs.ts';

/** The operator's token, or no credential if the port is on loopback. */
export const guarded: Operation['security'] = [{ operatorToken: [] }, {}];

/** Why a request is not for this port, or not from a page of this port. `local`: any of both, for a port without a token. */
export const foreignMessages = {
  host: 'The Host of the request is not a name of this port: use its address, or list the name in OPS_HOSTS',
  origin: 'The request is from a page of another origin',
  local: 'Use localhost',
} as const;

export const guardFaults = [
  fault('token-required', [401, 'The operator’s token is required']),
  fault('not-by-localhost', [403, foreignMessages.local]),
];

/** The error of a route whose response combines those of all workers. */
export const silentWorker: ErrorExample = {
  ...unavailable,
  name: 'silent-worker',
  summary: 'With `WORKERS`, while a worker does not respond',
};

const status = (...values: readonly string[]) =>
  closedObject(
    {
      status: { enum: values },
      limits: {
        enum: ['shared', 'local'],
        description:
          'With Redis: whether limits are counted with other replicas, or by this replica alone while Redis is unavailable',
      },
      policy: {
        const: 'outdated',
        description:
          'The files of the policy have problems; the last policy is in use; see `GET /policy`',
      },
      secrets: {
        const: 'outdated',
        description:
          'A file with a secret cannot be used; its last good secret is in use. The log says which file, and why',
      },
    },
    ['limits', 'policy', 'secrets'],
  );

export const livezDocs: Operation = {
  tags: ['Operating'],
  summary: 'Liveness probe',
  security: [],
  responses: {
    200: json('The process responds', status('live'), { live: { value: { status: 'live' } } }),
  },
};

export const readyzDocs: Operation = {
  tags: ['Operating'],
  summary: 'Readiness probe',
  description:
    '`degraded`: decisions are not written to the audit log at present (`AUDIT=buffered`).',
  security: [],
  responses: {
    200: json('Usher is ready', status('ready', 'degraded'), {
      ready: { value: { status: 'ready' } },
    }),
    503: withHeaders(
      json(
        'Usher is closing, or a required dependency is unavailable',
        { oneOf: [status('closing'), { $ref: '#/components/schemas/Error' }] },
        { closing: { value: { status: 'closing' } }, ...exampleOf(unavailable) },
      ),
      {
        'Retry-After': {
          description: 'Seconds until the next attempt; absent while Usher is closing',
          schema: { type: 'integer', minimum: 1 },
        },
      },
    ),
  },
};

export const metricsDocs: Operation = {
  tags: ['Operating'],
  summary: 'Metrics for Prometheus',
  security: guarded,
  responses: {
    200: {
      description: 'All metrics in the text format of Prometheus',
      content: {
        'text/plain': {
          schema: { type: 'string' },
          examples: {
            metrics: {
              value:
                '# HELP usher_decisions_total Recorded decisions\n# TYPE usher_decisions_total counter\n',
            },
          },
        },
      },
    },
    ...responsesFor([...guardFaults, silentWorker]),
  },
};
