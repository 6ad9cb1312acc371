import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/**
 * During shutdown each response closes its connection. Otherwise a client or proxy could send its next request just as the
 * connection is closed, and pusher-js does not retry.
 */
export function addDrain(server: FastifyInstance, closing: AbortSignal): void {
  server.addHook('onRequest', (_request, reply, done) => {
    if (closing.aborted) void reply.header('connection', 'close');
    done();
  });
}

const pollIntervalMs = 25;

/** Waits until no connection is open, or for the timeout: meanwhile load balancers that read `/readyz` stop sending requests. */
export async function waitForConnections(server: Server, timeoutMs: number): Promise<void> {
  for (
    let waitedMs = 0;
    waitedMs < timeoutMs && (await connections(server)) > 0;
    waitedMs += pollIntervalMs
  ) {
    await sleep(pollIntervalMs);
  }
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((_error, count) => {
      resolve(count);
    });
  });
}
