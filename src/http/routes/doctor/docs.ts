import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const text: Schema = { type: 'string' };

const check = closedObject(
  {
    name: { ...text, description: 'The condition that the check verifies' },
    status: { enum: ['pass', 'fail', 'unknown'] },
    problem: { ...text, description: 'Of a check that failed' },
    remedy: { ...text, description: 'A remedy' },
    reason: { ...text, description: 'Why the check could not be run' },
  },
  ['problem', 'remedy', 'reason'],
);

/** OpenAPI of `GET /doctor`. */
export const doctorDocs: Operation = docs.describeRoute({
  tag: 'Operating',
  summary: 'Check the installation',
  description:
    'The checks of `usher doctor` that need neither the address of a page nor a credential: of the Pusher server, of the files of the policy, and of every server that the settings and the policy name. They connect to these servers, so a response can take ten seconds. Requests at the same time share one result.',
  security: guarded,
  ok: json('The checks', closedObject({ checks: { type: 'array', items: check } }), {}),
  faults: guardFaults,
});
