import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Receipt, TakeWebhook } from '../actions/take-webhook.ts';
import { originOf } from './asker.ts';
import { sendError } from './errors.ts';
import { largestWebhook } from './lengths.ts';
import type { CountFailure } from './limits.ts';
import { webhooksDocs } from './webhooks-docs.ts';

/** Whom the route asks. */
export interface WebhookPorts {
  readonly takeWebhook: TakeWebhook;
  readonly countWebhook: (result: Receipt) => void;
  readonly countFailure: CountFailure;
}

/** A server that sends a webhook twice at once gets an answer to the second when the first is done. */
const retrySeconds = 2;

const refusals = {
  forged: { status: 401, message: 'The webhook is not signed by a known key' },
  stale: { status: 401, message: 'The webhook is too old' },
  malformed: { status: 400, message: 'The webhook is malformed' },
  'under-way': { status: 503, message: 'Try again in a moment' },
} as const;

/** Adds the route that Pusher servers send their webhooks to. A repeated one is answered 200 like the first, or it would be sent again. */
export function addWebhooks(server: FastifyInstance, ports: WebhookPorts): void {
  // A scope of its own: the signature is over the bytes, so this route alone is not given what they mean.
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      (_request, body, parsed) => {
        parsed(null, body);
      },
    );
    const options = { bodyLimit: largestWebhook, config: { docs: webhooksDocs } };
    scope.post('/pusher/webhooks', options, (request, reply) => take([request, reply], ports));
    done();
  });
}

async function take(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  { takeWebhook, countWebhook, countFailure }: WebhookPorts,
): Promise<FastifyReply> {
  const receipt = await takeWebhook(
    {
      key: textOf(request.headers['x-pusher-key']),
      signature: textOf(request.headers['x-pusher-signature']),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    },
    originOf(request),
  );
  countWebhook(receipt);
  if (receipt === 'taken' || receipt === 'repeated') return reply.send({ status: receipt });
  if (receipt === 'forged') await countFailure(request);
  if (receipt === 'under-way') void reply.header('retry-after', retrySeconds);
  return sendError(request, reply, refusals[receipt]);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
