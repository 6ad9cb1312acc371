import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  receiveWebhook,
  type Receipt,
  type ReceiveWebhookDeps,
} from '../../../pusher/webhooks/receive-webhook.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { originOf } from '../../input/auth-request.ts';
import { maxWebhookBytes } from '../../input/lengths.ts';
import { sendError } from '../../output/errors.ts';
import { webhooksDocs } from './docs.ts';

interface WebhookDeps extends ReceiveWebhookDeps {
  readonly countWebhook: (result: Receipt) => void;
  readonly countFailure: CountFailure;
}

/** If a server sends a webhook twice at once, it should retry the second one after this number of seconds. */
const retrySeconds = 2;

const refusals = {
  forged: { status: 401, message: 'The webhook is not signed by a known key' },
  stale: { status: 401, message: 'The webhook is too old' },
  malformed: { status: 400, message: 'The webhook is malformed' },
  'under-way': { status: 503, message: 'Try again in a moment' },
} as const;

/**
 * Adds the route that receives webhooks of Pusher servers. A repeated webhook gets a 200 like the first one. Otherwise
 * the server would send it again.
 */
export function addWebhooks(server: FastifyInstance, deps: WebhookDeps): void {
  // A separate scope: the signature covers the raw bytes, so this route must not parse the body.
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      (_request, body, parsed) => {
        parsed(null, body);
      },
    );
    const options = {
      bodyLimit: maxWebhookBytes,
      config: { body: 'json', docs: webhooksDocs },
    } as const;
    scope.post('/pusher/webhooks', options, (request, reply) => respond([request, reply], deps));
    done();
  });
}

async function respond(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  deps: WebhookDeps,
): Promise<FastifyReply> {
  const signed = {
    key: textOf(request.headers['x-pusher-key']),
    signature: textOf(request.headers['x-pusher-signature']),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
  const receipt = await receiveWebhook(signed, originOf(request), deps);
  deps.countWebhook(receipt);
  if (receipt === 'taken' || receipt === 'repeated') return reply.send({ status: receipt });
  if (receipt === 'forged') await deps.countFailure(request);
  if (receipt === 'under-way') void reply.header('retry-after', retrySeconds);
  return sendError(request, reply, refusals[receipt]);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
