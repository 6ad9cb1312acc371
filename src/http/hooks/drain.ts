import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/**
 * Once we are closing, each answer says that it is the last on its connection. Else a client or a proxy would send its
 * next request just when we close the connection, and pusher-js never asks again.
 */
export function addDrain(server: FastifyInstance, closing: AbortSignal): void {
  server.addHook('onRequest', (_request, reply, done) => {
    if (closing.aborted) void reply.header('connection', 'close');
    done();
  });
}

const pollIntervalMs = 25;

/** Waits until no connection is open, for so many milliseconds at most: a balancer that reads `/readyz` sends others elsewhere. */
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
