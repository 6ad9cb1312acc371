import { type FactKind, type Field, maxFactsPerCall } from '../../../policy/fact-kind.ts';
import { fastifyPath } from '../../fastify-path.ts';
import { maxCharacters } from '../../input/lengths.ts';
import type { DocumentedRoute } from '../../openapi/document.ts';
import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import { pathParameters } from '../../openapi/path-parameters.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';
import { pathIdPattern, type FactKinds } from './fact-path.ts';

/** The routes of the facts of these kinds. */
export function factRoutes(kinds: FactKinds): readonly DocumentedRoute[] {
  return [listRoute(kinds), ...[...kinds.values()].flatMap(routesOf)];
}

const absent = docs.fault('absent', [404, 'There is no such resource']);
const common = { tag: 'Facts', security: guarded } as const;

function routesOf(kind: FactKind): readonly DocumentedRoute[] {
  const [first = ''] = kind.ids;
  const own = {
    path: `/facts/${kind.name}/${kind.ids.map((id) => `:${id}`).join('/')}`,
    id: { type: 'string', minLength: 1, maxLength: maxCharacters.id },
    malformedId: `${first} must NOT have more than ${maxCharacters.id} characters`,
  };
  if (kind.path === undefined) return routesAt(kind, own);
  const second = {
    path: fastifyPath(kind.path),
    id: { type: 'string', pattern: pathIdPattern },
    malformedId: `params/${first} must match pattern "${pathIdPattern}"`,
  };
  return [...routesAt(kind, own), ...routesAt(kind, second)];
}

interface FactPath {
  readonly path: string;
  /** The schema of its ids. */
  readonly id: Schema;
  /** The message for an id that does not match the schema. */
  readonly malformedId: string;
}

function routesAt(kind: FactKind, { path, id, malformedId }: FactPath): readonly DocumentedRoute[] {
  const noun = nounOf(kind);
  const [body, example] = [bodySchema(kind), exampleOf(kind)];
  const examples = { kept: { value: example } };
  const ok = json('The stored fact', body, examples);
  const faults = [...guardFaults, docs.fault('malformed-id', [400, malformedId]), docs.unavailable];
  // Forms contain texts only.
  const onlyJson = Object.values(example).some((value) => typeof value !== 'string');
  const operations: Readonly<Record<string, Operation>> = {
    GET: docs.describeRoute({
      ...common,
      ok,
      summary: `Read ${noun}`,
      faults: [...faults, absent],
    }),
    PUT: docs.describeRoute({
      ...common,
      ok,
      summary: `Put ${noun}`,
      description: 'The next decision uses it, on every replica.',
      body: { schema: body, examples, onlyJson },
      faults: [...faults, ...docs.bodyFaults],
    }),
    DELETE: docs.describeRoute({
      ...common,
      summary: `Remove ${noun}`,
      status: 204,
      ok: { description: 'The fact was removed' },
      faults: [...faults, absent],
    }),
  };
  return Object.entries(operations).map(([method, operation]) => ({
    method,
    path,
    operation,
    params: Object.fromEntries(kind.ids.map((name) => [name, id])),
    pathParameters: Object.fromEntries(kind.ids.map((name) => [name, parameterOf(name)])),
  }));
}

function listRoute(kinds: FactKinds): DocumentedRoute {
  const all = [...kinds.values()];
  const body = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      all.map((kind) => [
        kind.name,
        { type: 'array', items: itemSchema(kind), maxItems: maxFactsPerCall },
      ]),
    ),
  };
  const example = Object.fromEntries(all.map((kind) => [kind.name, [itemExample(kind)]]));
  const known = all
    .map(({ name }) => name)
    .sort()
    .join(', ');
  const operation = docs.describeRoute({
    ...common,
    summary: 'Store facts',
    description: `Stores up to ${maxFactsPerCall} facts in one transaction, all or none. Each has its ids and its fields.`,
    body: { schema: body, examples: { bare: { value: example } }, onlyJson: true },
    status: 204,
    ok: { description: 'The facts were stored' },
    faults: [
      ...guardFaults,
      docs.fault(
        'unknown-kind',
        [400, `The policy has no facts of the kind "unknown"; it has ${known}`],
        { unknown: [] },
      ),
      ...docs.jsonBodyFaults,
      docs.unavailable,
    ],
  });
  return { method: 'POST', path: '/facts', operation };
}

const nounOf = ({ name, about }: FactKind) => about ?? `a fact of the kind ${name}`;

const parameterOf = (name: string) =>
  pathParameters[name] ?? { description: `The ${name}`, examples: { demo: { value: '1' } } };

function optionalOf({ fields }: FactKind): readonly string[] {
  return Object.keys(fields).filter((name) => fields[name]?.optional);
}

function bodySchema(kind: FactKind): Schema {
  return closedObject(schemasOf(kind), optionalOf(kind));
}

function itemSchema(kind: FactKind): Schema {
  const id = { type: 'string', minLength: 1, maxLength: maxCharacters.id };
  const ids = Object.fromEntries(kind.ids.map((name) => [name, id]));
  return closedObject({ ...ids, ...schemasOf(kind) }, optionalOf(kind));
}

function schemasOf({ fields }: FactKind): Readonly<Record<string, Schema>> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOf(field)]));
}

function schemaOf({ type, oneOf, maxLength, maxItems }: Field): Schema {
  const text = { type: 'string', minLength: 1, maxLength };
  switch (type) {
    case 'string':
      return oneOf === undefined ? text : { enum: oneOf };
    case 'guest_session':
      return text;
    case 'timestamp':
      return { type: 'string', maxLength: 40 };
    case 'list(string)':
      return { type: 'array', items: text, maxItems, uniqueItems: true };
    case 'int':
      return { type: 'integer' };
    case 'double':
      return { type: 'number' };
    case 'bool':
      return { type: 'boolean' };
  }
}

/** A body without the fields that most facts lack: a tenant and a guest session. */
function exampleOf(kind: FactKind): Readonly<Record<string, unknown>> {
  const shown = Object.entries(kind.fields).filter(
    ([name, { optional, type }]) => !optional || (name !== kind.tenant && type !== 'guest_session'),
  );
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleValue(field)]));
}

function itemExample(kind: FactKind): Readonly<Record<string, unknown>> {
  const ids = kind.ids.map((name): readonly [string, unknown] => [
    name,
    Object.values(parameterOf(name).examples)[0]?.value,
  ]);
  return { ...Object.fromEntries<unknown>(ids), ...exampleOf(kind) };
}

function exampleValue({ type, oneOf }: Field): unknown {
  switch (type) {
    case 'string':
    case 'guest_session':
      return oneOf?.[0] ?? '15';
    case 'timestamp':
      return '2025-06-03T11:00:00.000Z';
    case 'list(string)':
      return ['15', '16'];
    case 'int':
      return 1;
    case 'double':
      return 1.5;
    case 'bool':
      return true;
  }
}
