import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorizeChannels, Verdicts } from '../actions/authorize-channels.ts';
import { Unavailable } from '../core/unavailable.ts';
import type { Signer } from '../pusher/sign.ts';
import { questionOf } from './asker.ts';
import { channelBatchAuthDocs } from './channel-batch-auth-docs.ts';
import { channelNames, mostNamesOf } from './channel-names.ts';
import { largestBatchBody } from './lengths.ts';
import type { CountUnavailable } from './errors.ts';
import type { CountFailure } from './limits.ts';
import type { Present } from './present.ts';
import { RequestProblem } from './problem.ts';
import { generalReplies } from './refusal-reply.ts';

/** Where the `pusher-js-auth` plugin asks, beside the routes for one channel. */
const paths = ['/pusher/auth/batch', '/broadcasting/auth/batch'];

/** Whom the route asks. */
export interface ChannelBatchAuthPorts {
  readonly authorizeChannels: AuthorizeChannels;
  readonly sign: Signer['sign'];
  readonly present: Present;
  readonly countFailure: CountFailure;
  readonly countUnavailable: CountUnavailable;
}

type Verdict = Verdicts extends ReadonlyMap<string, infer Each> ? Each : never;

/** What the plugin reads of each channel (`pusher-js-auth` 4): success is status 200, with `data`. */
type Entry = { readonly status: 200; readonly data: object } | { readonly status: number };

/** Adds the routes that answer "may I subscribe?" for several channels at once, each by its own status in a 200. */
export function addChannelBatchAuth(server: FastifyInstance, ports: ChannelBatchAuthPorts): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const verdicts = await ports.authorizeChannels({
      ...questionOf(request, ports.present),
      channelNames: channelNames(request.body),
    });
    for (const verdict of verdicts.values()) {
      if (verdict instanceof Unavailable) {
        ports.countUnavailable(verdict);
        request.log.warn({ dependency: verdict.dependency, err: verdict }, 'could not find out');
      }
    }
    const limited = await countOnce(request, verdicts, ports.countFailure);
    // Without a prototype, so that a channel called `__proto__` is an entry.
    const entries = Object.create(null) as Record<string, Entry>;
    for (const [name, verdict] of verdicts) entries[name] = entryOf(verdict, limited, ports.sign);
    return reply.code(200).header('cache-control', 'no-store').send(entries);
  };
  const config = {
    action: 'subscribe' as const,
    docs: channelBatchAuthDocs,
    slotsOf: ({ body }: FastifyRequest) => mostNamesOf(body),
  };
  for (const path of paths) server.post(path, { bodyLimit: largestBatchBody, config }, handler);
}

/**
 * Counts a batch with refusals once; true when its address has had too many.
 * As on the routes for one channel, that keeps nobody from what was granted: only a batch without grants is a 429 itself.
 */
async function countOnce(
  request: FastifyRequest,
  verdicts: Verdicts,
  countFailure: CountFailure,
): Promise<boolean> {
  const outcomes = new Set([...verdicts.values()].map(outcomeOf));
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
function outcomeOf(verdict: Verdict): 'grant' | 'refusal' | 'none' {
  if (verdict instanceof Unavailable) return 'none';
  if (verdict.outcome === 'grant') return 'grant';
  return generalReplies[verdict.code].status === 429 ? 'none' : 'refusal';
}

function entryOf(verdict: Verdict, limited: boolean, sign: Signer['sign']): Entry {
  if (verdict instanceof Unavailable) return { status: 503 };
  if (verdict.outcome === 'grant') return { status: 200, data: sign(verdict) };
  return { status: limited ? 429 : generalReplies[verdict.code].status };
}
