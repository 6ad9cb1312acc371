import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorizeDeps } from '../../../authorize/authorize-channel.ts';
import { authorizeChannels, type BatchDecisions } from '../../../authorize/authorize-channels.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import type { Signer } from '../../../pusher/sign.ts';
import { authRequestOf, type HeadersOf } from '../../input/auth-request.ts';
import { channelBatchAuthDocs } from './docs.ts';
import { channelNames, maxChannelNames } from './channel-names.ts';
import { maxBatchBodyBytes } from '../../input/lengths.ts';
import { unavailableResponse, type CountUnavailable } from '../../output/errors.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import type { CredentialsOf } from '../../input/credentials.ts';
import { RequestProblem } from '../../output/problem.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { responseTo } from '../../output/response.ts';

/** The paths that the `pusher-js-auth` plugin calls. */
const paths = ['/pusher/auth/batch', '/broadcasting/auth/batch'];

interface ChannelBatchAuthDeps extends AuthorizeDeps {
  readonly sign: Signer['sign'];
  readonly credentialsOf: CredentialsOf;
  readonly headersOf: HeadersOf;
  readonly countFailure: CountFailure;
  readonly countUnavailable: CountUnavailable;
}

type ChannelDecision = BatchDecisions extends ReadonlyMap<string, infer Each> ? Each : never;

/** The entry of one channel. `pusher-js-auth` 4 reads `status` and `data`; success is status 200 with `data`. */
type Entry =
  { readonly status: 200; readonly data: object; readonly decision_id: string } | RefusedEntry;

/** The values that the route for one channel sends as status, `message`, `X-Decision-Id` and `Retry-After`. */
interface RefusedEntry {
  readonly status: number;
  readonly message: string;
  readonly decision_id?: string;
  readonly retry_after?: number;
}

/** Adds the routes that authorize several channels at once. The response is a 200 with a status for each channel. */
export function addChannelBatchAuth(server: FastifyInstance, deps: ChannelBatchAuthDeps): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const authRequest = {
      ...authRequestOf(request, deps),
      channelNames: channelNames(request.body),
    };
    const decisions = await authorizeChannels(authRequest, deps);
    for (const decision of decisions.values()) {
      if (decision instanceof Unavailable) {
        deps.countUnavailable(decision);
        request.log.warn(
          { dependency: decision.dependency, err: decision },
          'dependency unavailable',
        );
      }
    }
    const limit = await countOnce(request, decisions, deps.countFailure);
    // The object has no prototype, so that a channel named `__proto__` is an ordinary entry.
    const entries = Object.create(null) as Record<string, Entry>;
    for (const [name, decision] of decisions) entries[name] = entryOf(decision, limit, deps.sign);
    return reply.code(200).header('cache-control', 'no-store').send(entries);
  };
  const config = {
    action: 'subscribe' as const,
    docs: channelBatchAuthDocs,
    permitsOf: ({ body }: FastifyRequest) => maxChannelNames(body),
  };
  for (const path of paths) server.post(path, { bodyLimit: maxBatchBodyBytes, config }, handler);
}

/**
 * Counts a batch with refusals once. Returns the limit if the address has exceeded it. As on the routes for one
 * channel, the limit does not withhold grants: only a batch without grants is a 429.
 */
async function countOnce(
  request: FastifyRequest,
  decisions: BatchDecisions,
  countFailure: CountFailure,
): Promise<RequestProblem | undefined> {
  const outcomes = new Set([...decisions.values()].map(outcomeOf));
  if (!outcomes.has('refusal')) return undefined;
  try {
    await countFailure(request);
    return undefined;
  } catch (error) {
    if (error instanceof RequestProblem && outcomes.has('grant')) return error;
    throw error;
  }
}

const general = { responses: generalResponses } as const;

/** Classifies a decision for the limit of the address. A limit of the principal does not count against the address. */
function outcomeOf(decision: ChannelDecision): 'grant' | 'refusal' | 'none' {
  if (decision instanceof Unavailable) return 'none';
  if (decision.outcome === 'grant') return 'grant';
  return responseTo(decision, general).status === 429 ? 'none' : 'refusal';
}

function entryOf(
  decision: ChannelDecision,
  limit: RequestProblem | undefined,
  sign: Signer['sign'],
): Entry {
  if (decision instanceof Unavailable) return refusedEntry(unavailableResponse);
  const id = decision.id;
  if (decision.outcome === 'grant') return { status: 200, data: sign(decision), decision_id: id };
  const response = responseTo(decision, general);
  // A limit of the principal says more than the limit of the address.
  if (limit === undefined || response.retryAfter !== undefined) return refusedEntry(response, id);
  const retryAfter = Number(limit.headers['retry-after']);
  return refusedEntry({ status: limit.status, message: limit.message, retryAfter }, id);
}

function refusedEntry(
  { status, message, retryAfter }: ReturnType<typeof responseTo>,
  decisionId?: string,
): RefusedEntry {
  return {
    status,
    message,
    ...(decisionId !== undefined && { decision_id: decisionId }),
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
  };
}
