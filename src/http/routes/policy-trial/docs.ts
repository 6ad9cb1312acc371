import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';
import { expressionBody, policyBody } from './bodies.ts';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };
const count: Schema = { type: 'integer', minimum: 0 };
const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** The responses that the routes send themselves. */
export const trialFaults = {
  busy: 'Another policy is being tried',
} as const;

const verdict = closedObject(
  { outcome: { enum: ['grant', 'refusal'] }, code: text, failed_check: text },
  ['code', 'failed_check'],
);

const tests = closedObject({
  passed: count,
  failed_count: count,
  failed: listOf(closedObject({ at: text, title: text, problems: texts })),
  not_run: { ...count, description: 'Not run, because the time limit was reached' },
  uncovered: { ...texts, description: 'Rules that the tests do not cover' },
});

const skipped = {
  ...closedObject({
    not_evaluated: { ...count, description: 'Refused before a rule was evaluated' },
    application_decides: {
      ...count,
      description: 'The application decides. Usher sends it no request.',
    },
    changed_fact: {
      ...count,
      description: 'They read a fact that the tried policy declares differently',
    },
    differs_now: {
      ...count,
      description:
        'The policy in use does not repeat them: roles and attributes are not recorded, or facts have changed',
    },
    unavailable: { ...count, description: 'A fact could not be read' },
    time: { ...count, description: 'The time limit was reached' },
  }),
  description: 'The number of decisions that were not decided again, by the reason',
};

const change = closedObject(
  {
    decision_id: { $ref: '#/components/schemas/DecisionId' },
    channel: text,
    principal: closedObject({ kind: text, id: text }),
    before: verdict,
    after: verdict,
  },
  ['channel', 'principal'],
);

const trial = closedObject(
  {
    problems: { ...texts, description: 'Of the files, each with its place; empty if it loads' },
    policy: { ...text, description: 'The hash of the policy that was tried' },
    tests,
    decisions: closedObject({
      replayed: count,
      changed: { ...count, description: 'The number of changes; at most 200 are listed' },
      changes: listOf(change),
      skipped,
    }),
  },
  ['policy', 'tests', 'decisions'],
);

const mistaken = `version: 1
channels:
  private-tenant.{tenantId}.user.{userId}:
    about: one user
    params: { tenantId: id, userId: id }
    allow: { user: { user is the owner: user.id == params.userld } }
`;

/** OpenAPI of `POST /policy/try`. */
export const tryPolicyDocs: Operation = docs.describeRoute({
  tag: 'Policy',
  summary: 'Try a policy',
  description:
    'Builds a policy of YAML files, runs its tests, and decides the newest 1,000 recorded subscriptions again, with current facts. The policy in use does not change, nothing is recorded, and the application gets no request. Tests and decisions may take five seconds each.',
  security: guarded,
  body: {
    schema: policyBody,
    examples: {
      mistake: { value: { files: [{ name: 'policy.yaml', content: mistaken }] } },
    },
    onlyJson: true,
  },
  ok: json('What the policy would do', trial, {
    mistake: {
      value: {
        problems: ['policy.yaml:6:59: unknown field userld; did you mean userId?'],
      },
    },
  }),
  faults: [
    ...guardFaults,
    ...docs.jsonBodyFaults,
    docs.fault('another-trial', [429, trialFaults.busy]),
    docs.unavailable,
  ],
});

const value: Schema = {
  oneOf: [{ type: ['string', 'number', 'boolean'] }, texts],
  description: 'Absent if the evaluation failed: a rule with this expression would fail',
};

const evaluation = closedObject(
  {
    type: { enum: ['bool', 'string', 'int', 'double', 'timestamp', 'list(string)'] },
    value,
    problem: closedObject({ message: text, line: count, column: count }),
    values: { type: 'object', description: 'What the expression can read' },
    missing: { ...texts, description: 'The names of facts of the channel that do not exist' },
  },
  ['type', 'value', 'problem'],
);

const requested = {
  expression: 'user.id == params.userId',
  channel: 'private-tenant.1.user.15',
  principal: { kind: 'user', id: '15', tenant: '1' },
};

const values = {
  user: { id: '15', roles: [], tenant: '1' },
  params: { tenantId: '1', userId: '15' },
  facts: {},
  now: '2025-06-01T12:00:00.000Z',
};

/** OpenAPI of `POST /policy/expression`. */
export const expressionDocs: Operation = docs.describeRoute({
  tag: 'Policy',
  summary: 'Evaluate an expression',
  description:
    'Checks an expression of CEL with the types of the policy in use, and evaluates it. `decision` is the id of a recorded one, whose channel and principal it reads. `channel` gives parameters, and the facts that its rules read now. `principal` is written as in tests of a policy. Values in the request replace recorded ones.',
  security: guarded,
  body: {
    schema: expressionBody,
    examples: {
      holds: { value: requested },
      mistake: { value: { ...requested, expression: 'user.id == params.userld' } },
    },
    onlyJson: true,
  },
  ok: json('The value, or the problem of the expression with its place', evaluation, {
    holds: { value: { type: 'bool', value: true, values, missing: [] } },
    mistake: {
      value: {
        problem: { message: 'unknown field userld; did you mean userId?', line: 1, column: 19 },
        values,
        missing: [],
      },
    },
  }),
  faults: [
    ...guardFaults,
    ...docs.jsonBodyFaults,
    docs.fault('no-channel', [400, 'The policy has no such channel'], {
      ...requested,
      channel: 'private-none',
    }),
  ],
});
