import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorizeDeps } from '../../../authorize/authorize-channel.ts';
import { authorizeChannels, type BatchDecisions } from '../../../authorize/authorize-channels.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import type { Signer } from '../../../pusher/sign.ts';
import { authRequestOf } from '../../input/auth-request.ts';
import { channelBatchAuthDocs } from './docs.ts';
import { channelNames, maxChannelNames } from './channel-names.ts';
import { maxBatchBodyBytes } from '../../input/lengths.ts';
import type { CountUnavailable } from '../../output/errors.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import type { CredentialsOf } from '../../input/credentials.ts';
import { RequestProblem } from '../../output/problem.ts';
import { generalResponses } from '../../output/refusal-response.ts';

/** Where the `pusher-js-auth` plugin asks, beside the routes for one channel. */
const paths = ['/pusher/auth/batch', '/broadcasting/auth/batch'];

/** What the route depends on. */
export interface ChannelBatchAuthDeps extends AuthorizeDeps {
  readonly sign: Signer['sign'];
  readonly credentialsOf: CredentialsOf;
  readonly countFailure: CountFailure;
  readonly countUnavailable: CountUnavailable;
}

type ChannelDecision = BatchDecisions extends ReadonlyMap<string, infer Each> ? Each : never;

/** What the plugin reads of each channel (`pusher-js-auth` 4): success is status 200, with `data`. */
type Entry = { readonly status: 200; readonly data: object } | { readonly status: number };

/** Adds the routes that answer "may I subscribe?" for several channels at once, each by its own status in a 200. */
export function addChannelBatchAuth(server: FastifyInstance, deps: ChannelBatchAuthDeps): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const question = {
      ...authRequestOf(request, deps.credentialsOf),
      channelNames: channelNames(request.body),
    };
    const decisions = await authorizeChannels(question, deps);
    for (const decision of decisions.values()) {
      if (decision instanceof Unavailable) {
        deps.countUnavailable(decision);
        request.log.warn({ dependency: decision.dependency, err: decision }, 'could not find out');
      }
    }
    const limited = await countOnce(request, decisions, deps.countFailure);
    // Without a prototype, so that a channel called `__proto__` is an entry.
    const entries = Object.create(null) as Record<string, Entry>;
    for (const [name, decision] of decisions) entries[name] = entryOf(decision, limited, deps.sign);
    return reply.code(200).header('cache-control', 'no-store').send(entries);
  };
  const config = {
    action: 'subscribe' as const,
    docs: channelBatchAuthDocs,
    slotsOf: ({ body }: FastifyRequest) => maxChannelNames(body),
  };
  for (const path of paths) server.post(path, { bodyLimit: maxBatchBodyBytes, config }, handler);
}

/**
 * Counts a batch with refusals once; true when its address has had too many.
 * As on the routes for one channel, that keeps nobody from what was granted: only a batch without grants is a 429 itself.
 */
async function countOnce(
  request: FastifyRequest,
  decisions: BatchDecisions,
  countFailure: CountFailure,
): Promise<boolean> {
  const outcomes = new Set([...decisions.values()].map(outcomeOf));
  if (!outcomes.has('refusal')) return false;
  try {
    await countFailure(request);
    return false;
  } catch (error) {
    if (error instanceof RequestProblem && outcomes.has('grant')) return true;
    throw error;
  }
}

/** What a channel of a batch means to its address; a limit of the principal's is none of its business. */
function outcomeOf(decision: ChannelDecision): 'grant' | 'refusal' | 'none' {
  if (decision instanceof Unavailable) return 'none';
  if (decision.outcome === 'grant') return 'grant';
  return generalResponses[decision.code].status === 429 ? 'none' : 'refusal';
}

function entryOf(decision: ChannelDecision, limited: boolean, sign: Signer['sign']): Entry {
  if (decision instanceof Unavailable) return { status: 503 };
  if (decision.outcome === 'grant') return { status: 200, data: sign(decision) };
  return { status: limited ? 429 : generalResponses[decision.code].status };
}
