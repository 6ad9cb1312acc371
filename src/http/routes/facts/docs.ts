import { json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

/** The documentation of one kind of fact. */
export interface DocumentedFact {
  /** The kind of fact, for the summaries "Put …", "Read …" and "Remove …". */
  readonly noun: string;
  readonly body: Schema;
  readonly example: object;
  /** The error message for an id that no channel name can contain. */
  readonly malformedId: string;
}

const absent = docs.fault('absent', [404, 'There is no such resource']);

export function factDocs({
  noun,
  body,
  example,
  malformedId,
}: DocumentedFact): Readonly<Record<'get' | 'put' | 'remove', Operation>> {
  const examples = { kept: { value: example } };
  const common = { tag: 'Facts', security: guarded, ok: json('As it is kept', body, examples) };
  // Forms cannot contain lists.
  const onlyJson = Object.values(example).some(Array.isArray);
  const faults = [...guardFaults, docs.fault('malformed-id', [400, malformedId]), docs.unavailable];
  return {
    get: docs.describeRoute({
      ...common,
      summary: `Read ${noun}`,
      faults: [...faults, absent],
    }),
    put: docs.describeRoute({
      ...common,
      summary: `Put ${noun}`,
      description: 'The very next decision sees it, on every replica.',
      body: { schema: body, examples, onlyJson },
      faults: [...faults, ...docs.bodyFaults],
    }),
    remove: docs.describeRoute({
      ...common,
      summary: `Remove ${noun}`,
      status: 204,
      ok: { description: 'It is removed' },
      faults: [...faults, absent],
    }),
  };
}
