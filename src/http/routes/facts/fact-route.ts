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
  /** The JSON Schemas of the body's properties, and the required properties. A body that passes them is a `Body`. */
  readonly properties: { readonly [Name in keyof Required<Body>]: object };
  readonly required: readonly string[];
  /** The name in the documentation, and an example body. */
  readonly noun: string;
  readonly example: Body;
  readonly toFact: (ids: Ids, body: Body) => Fact;
  readonly toBody: (fact: Fact) => Body;
}

/** The JSON Schema of an id in a body: any text that is valid as the subject of a token. */
export const idSchema = { type: 'string', minLength: 1, maxLength: 255 } as const;

/** The JSON Schema of a tenant id in a body: the same limits as the tenant of a request. */
export const tenantIdSchema = { type: 'string', minLength: 1, maxLength: 128 } as const;

/**
 * The JSON Schema of an id in a path: an id that a channel name can contain. A fact with any other id could never be
 * read.
 */
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
  // The path contains all ids in this order. The schema guarantees that none is missing.
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

/**
 * Refuses NUL and unpaired surrogates, which the database cannot store, and control characters, which no id of a token
 * contains.
 */
function refuseUnprintable(body: unknown): void {
  for (const [name, value] of Object.entries(body as object) as [string, unknown][]) {
    const texts = [value].flat().filter((each) => typeof each === 'string');
    if (texts.some((text) => /[\p{Cc}\p{Cs}]/u.test(text))) {
      throw malformed(`${name} has a character that cannot be kept`);
    }
  }
}

const absent = () => new RequestProblem(404, 'There is no such resource');
