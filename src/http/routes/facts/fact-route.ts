import type { FastifyInstance } from 'fastify';
import type { FactStore } from '../../../facts/fact-store.ts';
import { idCharacters } from '../../../policy/param.ts';
import { malformed, RequestProblem } from '../../output/problem.ts';
import { factDocs } from './docs.ts';

/** One kind of fact on the operator's port. */
export interface Resource<Fact, Body extends object, Ids extends readonly string[]> {
  /** The path, with one `:name` for each id. */
  readonly path: string;
  readonly store: FactStore<Fact, Ids>;
  /** JSON Schema of the body's properties, and which of them must be there: they make it a `Body`. */
  readonly properties: { readonly [Name in keyof Required<Body>]: object };
  readonly required: readonly string[];
  /** What it is called in the documentation, and a body of it. */
  readonly noun: string;
  readonly example: Body;
  readonly toFact: (ids: Ids, body: Body) => Fact;
  readonly toBody: (fact: Fact) => Body;
}

/** The JSON Schema of an id in a body: any text that a token could hold as a subject. */
export const idSchema = { type: 'string', minLength: 1, maxLength: 255 } as const;

/** The JSON Schema of a tenant's id in a body: what a request can name as its tenant. */
export const tenantIdSchema = { type: 'string', minLength: 1, maxLength: 128 } as const;

/** An id in a path is one that a channel name can hold; any other would be a fact that nobody can ever ask for. */
const pathIdSchema = { type: 'string', pattern: `^[${idCharacters}]{1,80}$` } as const;

/** Adds `GET`, `PUT` and `DELETE` of one kind of fact. */
export function addResource<Fact, Body extends object, const Ids extends readonly string[]>(
  server: FastifyInstance,
  { path, store, properties, required, noun, example, toFact, toBody }: Resource<Fact, Body, Ids>,
): void {
  const names = [...path.matchAll(/:([a-zA-Z]+)/g)].map(([, name = '']) => name);
  const params = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, pathIdSchema])),
  };
  const body = { type: 'object', additionalProperties: false, properties, required };
  const [firstId = ''] = names;
  const malformedId = `params/${firstId} must match pattern "${pathIdSchema.pattern}"`;
  const docs = factDocs({ noun, body, example, malformedId });
  // The path has a name for each id, in this order, and the schema has seen to it that all are there.
  const idsOf = (from: unknown) =>
    names.map((name) => (from as Readonly<Record<string, string>>)[name]) as unknown as Ids;

  server.get(path, { schema: { params }, config: { docs: docs.get } }, async (request) => {
    const fact = await store.find(...idsOf(request.params));
    if (fact === undefined) throw absent();
    return toBody(fact);
  });
  server.put(path, { schema: { params, body }, config: { docs: docs.put } }, async (request) => {
    refuseUnprintable(request.body);
    return toBody(await store.put(toFact(idsOf(request.params), request.body as Body)));
  });
  server.delete(
    path,
    { schema: { params }, config: { docs: docs.remove } },
    async (request, reply) => {
      if (!(await store.remove(...idsOf(request.params)))) throw absent();
      return reply.code(204).send();
    },
  );
}

/** The database cannot hold NUL or half a surrogate pair, and no token names an id with a control character. */
function refuseUnprintable(body: unknown): void {
  for (const [name, value] of Object.entries(body as object) as [string, unknown][]) {
    const texts = [value].flat().filter((each) => typeof each === 'string');
    if (texts.some((text) => /[\p{Cc}\p{Cs}]/u.test(text))) {
      throw malformed(`${name} has a character that cannot be kept`);
    }
  }
}

const absent = () => new RequestProblem(404, 'There is no such resource');
