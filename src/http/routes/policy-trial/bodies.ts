import { decisionIdPattern } from '../../../audit/audit-event.ts';

/** The maximum size of a policy that is tried, in bytes. The process serves nothing else while a policy is built. */
export const maxPolicyBytes = 128 * 1024;

/** The body of `POST /policy/try`. */
export const policyBody = {
  type: 'object',
  additionalProperties: false,
  required: ['files'],
  properties: {
    files: {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'content'],
        properties: {
          name: { type: 'string', pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$' },
          content: { type: 'string' },
        },
      },
    },
  },
} as const;

const text = { type: 'string', minLength: 1, maxLength: 512 } as const;

/** The values of a principal, as in tests of a policy. */
const plainValue = {
  anyOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', items: { type: 'string' }, maxItems: 1000 },
  ],
} as const;

/** The body of `POST /policy/expression`. */
export const expressionBody = {
  type: 'object',
  additionalProperties: false,
  required: ['expression'],
  properties: {
    expression: { type: 'string', minLength: 1, maxLength: 2000 },
    decision: { type: 'string', pattern: decisionIdPattern },
    channel: text,
    principal: {
      type: 'object',
      required: ['kind'],
      properties: { kind: text },
      maxProperties: 40,
      additionalProperties: plainValue,
    },
    params: { type: 'object', maxProperties: 8, additionalProperties: text },
    facts: {
      type: 'object',
      maxProperties: 8,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'fields'],
        properties: { kind: text, fields: { type: 'object', maxProperties: 32 } },
      },
    },
  },
} as const;
