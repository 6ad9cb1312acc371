import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PushedFact, PushedFacts } from '../../../facts/pushed-facts.ts';
import { FactRefused } from '../../../policy/fact-refused.ts';
import { isJsonObject } from '../../../runtime/json.ts';
import { maxFactsBodyBytes } from '../../input/lengths.ts';
import { malformed, RequestProblem } from '../../output/problem.ts';
import {
  factAt,
  factAtPathOfKind,
  segmentsOf,
  type FactKinds,
  type NamedFact,
} from './fact-path.ts';

interface FactRoutesDeps {
  readonly facts: Pick<PushedFacts, 'read' | 'put' | 'putAll' | 'remove'>;
  /** The kinds of the current policy. */
  readonly kinds: () => FactKinds;
}

/**
 * Adds the operator's routes for facts: `/facts/{kind}/{id}…`, the paths that kinds have below `/resources`, and
 * `POST /facts`. They use the kinds of the policy at the time of the request.
 */
export function addFacts(server: FastifyInstance, { facts, kinds }: FactRoutesDeps): void {
  addRoutes(server, '/resources/*', { facts, find: (path) => factAtPathOfKind(kinds(), path) });
  addRoutes(server, '/facts/*', {
    facts,
    find: (path) => {
      const named = factAt(kinds(), path);
      if (named === undefined) throw new RequestProblem(404, noKind(path[1] ?? '', kinds()));
      return named;
    },
  });
  const options = { bodyLimit: maxFactsBodyBytes, config: { body: 'json' } } as const;
  server.post('/facts', options, async (request, reply) => {
    const listed = factsIn(request.body, kinds());
    try {
      await facts.putAll(listed.map(({ fact }) => fact));
    } catch (error) {
      if (!(error instanceof FactRefused)) throw error;
      const at = error.index === undefined ? 'body' : (listed[error.index]?.at ?? 'body');
      throw malformed(pathOf(at, error.message));
    }
    return reply.code(204).send();
  });
}

interface OneFactDeps {
  readonly facts: FactRoutesDeps['facts'];
  /** Finds the fact of a path; `undefined` if there is no such route. */
  readonly find: (segments: readonly string[]) => NamedFact | undefined;
}

/** Adds `GET`, `PUT` and `DELETE` of one fact. */
function addRoutes(server: FastifyInstance, path: string, { facts, find }: OneFactDeps): void {
  const handle =
    (run: (named: NamedFact, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const named = find(segmentsOf(request));
      if (named === undefined) {
        reply.callNotFound();
        return reply;
      }
      try {
        return await run(named, request, reply);
      } catch (error) {
        throw error instanceof FactRefused ? malformed(error.message) : error;
      }
    };
  server.get(
    path,
    handle(async ({ kind, ids }) => {
      const body = await facts.read(kind, ids);
      if (body === undefined) throw absent();
      return body;
    }),
  );
  server.put(
    path,
    handle(({ kind, ids }, request) => facts.put(kind, ids, request.body)),
  );
  server.delete(
    path,
    handle(async ({ kind, ids }, _request, reply) => {
      if (!(await facts.remove(kind, ids))) throw absent();
      return reply.code(204).send();
    }),
  );
}

interface ListedFact {
  readonly fact: PushedFact;
  /** Its path in the body. */
  readonly at: string;
}

/** Reads the facts of a body: a list for each kind, each fact with its ids and its fields. Throws a 400. */
function factsIn(body: unknown, kinds: FactKinds): readonly ListedFact[] {
  return Object.entries(body as Readonly<Record<string, unknown>>).flatMap(([name, list]) => {
    const kind = kinds.get(name);
    if (kind === undefined) throw malformed(noKind(name, kinds));
    if (!Array.isArray(list)) throw malformed(`body/${name} must be array`);
    return (list as readonly unknown[]).map((each, place) => {
      const at = `body/${name}/${place}`;
      if (!isJsonObject(each)) throw malformed(`${at} must be object`);
      const rest: Record<string, unknown> = { ...each };
      const ids = kind.ids.map((id) => {
        const value = rest[id];
        if (!Object.hasOwn(each, id)) throw malformed(`${at} must have required property '${id}'`);
        if (typeof value !== 'string') throw malformed(`${at}/${id} must be string`);
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a copy, of which the fields are left
        delete rest[id];
        return value;
      });
      return { fact: { kind, ids, body: rest }, at };
    });
  });
}

/** Names a fact of a list in a message about one fact. */
function pathOf(at: string, message: string): string {
  return message.startsWith('body') ? message.replace('body', at) : `${at}: ${message}`;
}

function noKind(name: string, kinds: FactKinds): string {
  const known = [...kinds.keys()].sort().join(', ');
  return `The policy has no facts of the kind ${JSON.stringify(name.slice(0, 64))}; it has ${known}`;
}

const absent = () => new RequestProblem(404, 'There is no such resource');
