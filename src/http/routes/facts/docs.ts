import {
  allOf,
  formOrJson,
  json,
  onlyJson,
  type Operation,
  type Schema,
} from '../../openapi/operation.ts';
import {
  responsesFor,
  bodyFaults,
  unavailable,
  type ErrorExample,
} from '../../output/error-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

/** One kind of fact, as its routes describe it. */
export interface DocumentedFact {
  /** What it is, after “Put”, “Read” and “Remove”. */
  readonly noun: string;
  /** The schema of its body. */
  readonly body: Schema;
  readonly example: object;
  /** What is said of an id that no channel can name. */
  readonly malformedId: string;
}

const absent: ErrorExample = { name: 'absent', status: 404, message: 'There is no such resource' };
/** What the routes of this fact say of themselves. */
export function factDocs({
  noun,
  body,
  example,
  malformedId,
}: DocumentedFact): Readonly<Record<'get' | 'put' | 'remove', Operation>> {
  const tags = ['Facts'] as const;
  const security = guarded;
  const shown = { 200: json('As it is kept', body, { kept: { value: example } }) };
  // A form has no lists.
  const takes = Object.values(example).some(Array.isArray) ? onlyJson : formOrJson;
  const always = [
    ...guardFaults,
    { name: 'malformed-id', status: 400, message: malformedId },
    unavailable,
  ];
  return {
    get: {
      ...{ tags, security, summary: `Read ${noun}` },
      responses: allOf(shown, responsesFor([...always, absent])),
    },
    put: {
      ...{ tags, security, summary: `Put ${noun}` },
      description: 'The very next decision sees it, on every replica.',
      requestBody: takes(body, { kept: { value: example } }),
      responses: allOf(shown, responsesFor([...always, ...bodyFaults])),
    },
    remove: {
      ...{ tags, security, summary: `Remove ${noun}` },
      responses: allOf(
        { 204: { description: 'It is removed' } },
        responsesFor([...always, absent]),
      ),
    },
  };
}
