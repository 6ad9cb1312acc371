import type { FastifyInstance, FastifyRequest } from 'fastify';
import { authorizeChannel } from '../../../authorize/authorize-channel.ts';
import { credentialKindOf, type Credential } from '../../../authn/credential.ts';
import type { AnswerStyle, RoutePolicy } from '../../../policy/policy.ts';
import { pinParams } from '../../../policy/param.ts';
import { Secret } from '../../../runtime/secret.ts';
import { fastifyPath } from '../../fastify-path.ts';
import { originOf, tenantsInHeader } from '../../input/auth-request.ts';
import { requiredField, textField, textQuery } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { malformed, RequestProblem } from '../../output/problem.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import type { ChannelAuthDeps } from '../channel-auth/route.ts';
import { policyRouteDocs } from './docs.ts';

type PolicyRouteDeps = Omit<ChannelAuthDeps, 'credentialsOf'>;

/**
 * Adds the routes that the policy declares. A reloaded policy changes what a route does; a route with a new path is added at
 * the next start.
 */
export function addPolicyRoutes(server: FastifyInstance, deps: PolicyRouteDeps): void {
  for (const [path, route] of deps.policy().routes) addPolicyRoute(server, { path, route }, deps);
}

function addPolicyRoute(
  server: FastifyInstance,
  { path, route: atStart }: { readonly path: string; readonly route: RoutePolicy },
  deps: PolicyRouteDeps,
): void {
  const docs = policyRouteDocs(atStart, deps.policy());
  const errorBody = () => deps.policy().routes.get(path)?.answers;
  const config = { action: 'subscribe', docs, errorBody } as const;
  server.post(fastifyPath(path), { config }, async (request, reply) => {
    const route = deps.policy().routes.get(path);
    if (route === undefined) throw new RequestProblem(404, 'There is no such route');
    const { socketId, channelName, credential } = readRequest(request, route);
    const pathParams = request.params as Readonly<Record<string, string>>;
    const authRequest = {
      socketId,
      channelName,
      credentials: [credential],
      constraints: {
        // Not a parameter of the path: it has a name of the policy, and is compared by `pins`.
        tenantIds: route.mayHaveTenant ? tenantsInHeader(request) : [],
        pins: pinParams(route, pathParams),
        only: route.only,
      },
      origin: originOf(request),
      headers: deps.headersOf(request),
    };
    const decision = await authorizeChannel(authRequest, deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, deps.sign(decision))
      : sendRefusal([request, reply], decision, refusalsOf(route.answers, deps));
  });
}

function refusalsOf(answers: AnswerStyle | undefined, { countFailure }: PolicyRouteDeps) {
  if (answers === undefined) return { responses: generalResponses, countFailure };
  return { responses: answers.refusals, otherwise: answers.otherwise, countFailure };
}

interface RouteRequest {
  readonly socketId: string;
  readonly channelName: string;
  readonly credential: Credential;
}

function readRequest(request: FastifyRequest, { credential, answers }: RoutePolicy): RouteRequest {
  const token = credentialText(request, credential);
  const { kind: principal } = credential;
  const kind = credentialKindOf(principal);
  if (answers === undefined) {
    return {
      socketId: requiredField(request.body, 'socket_id', maxCharacters.socketId),
      channelName: requiredField(request.body, 'channel_name', maxCharacters.channelName),
      credential: { kind, principal, text: new Secret(token ?? '') },
    };
  }
  const socketId = textField(request.body, 'socket_id', maxCharacters.socketId);
  const channelName = textField(request.body, 'channel_name', maxCharacters.channelName);
  if (socketId === undefined || channelName === undefined || token === undefined) {
    throw malformed(answers.missing);
  }
  return { socketId, channelName, credential: { kind, principal, text: new Secret(token) } };
}

/** Reads the credential, which a client may send in the query and in the body. Two different ones are refused. */
function credentialText(
  request: FastifyRequest,
  { query, field }: RoutePolicy['credential'],
): string | undefined {
  const inQuery = query && textQuery(request.query, query, maxCharacters.token);
  const inBody = field && textField(request.body, field, maxCharacters.token);
  if (inQuery !== undefined && inBody !== undefined && inQuery !== inBody) {
    throw malformed('The tokens in the query and in the body differ');
  }
  return inQuery ?? inBody;
}
