import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import { guarded, guardFaults, silentWorker } from '../operator/docs.ts';
import * as docs from '../../output/route-docs.ts';

const texts: Schema = { type: 'array', items: { type: 'string' } };
const hash: Schema = { type: 'string', pattern: '^[0-9a-f]{16}$' };

const channel = closedObject({
  patterns: texts,
  about: { type: 'string' },
  checks: { type: 'object', additionalProperties: texts },
});

/** OpenAPI of `GET /policy`. */
export const policyDocs: Operation = docs.describeRoute({
  security: guarded,
  tag: 'Policy',
  summary: 'Read the policy in use',
  description:
    'The hash of its files, which is in each decision, and its channels with their checks. `problems` are those of the last reload, if it failed.',
  ok: json(
    'The policy in use',
    closedObject(
      { hash, files: texts, channels: { type: 'array', items: channel }, problems: texts },
      ['problems'],
    ),
    {},
  ),
  faults: guardFaults,
});

const reload = docs.describeRoute({
  security: guarded,
  tag: 'Policy',
  summary: 'Reload the policy',
  description:
    'Reads the files of the policy, checks them and runs their tests. Usher also reloads the policy within two seconds after a file has changed, and after SIGHUP.',
  ok: json(
    'The policy was reloaded, or its files have not changed',
    closedObject({ outcome: { enum: ['changed', 'unchanged'] }, hash }),
    { unchanged: { value: { outcome: 'unchanged', hash: '0123456789abcdef' } } },
  ),
  faults: [...guardFaults, silentWorker],
});

/** OpenAPI of `POST /policy/reload`. */
export const policyReloadDocs: Operation = {
  ...reload,
  responses: {
    ...reload.responses,
    422: json(
      'The files have problems; the policy in use does not change',
      closedObject({
        outcome: { const: 'failed' },
        hash: { ...hash, description: 'Of the policy in use' },
        problems: texts,
      }),
      {
        'policy-failed': {
          value: {
            outcome: 'failed',
            hash: '0123456789abcdef',
            problems: [
              '/etc/usher/policy.yaml:2:1: chanels is not a key of a policy; the nearest is channels',
            ],
          },
        },
      },
    ),
  },
};
