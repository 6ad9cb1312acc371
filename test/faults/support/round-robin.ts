import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as send,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Usher } from '../../e2e/support/usher.ts';

/** A balancer in front of several Ushers, as operators have one. */
export interface RoundRobin {
  readonly publicUrl: string;
  /** Sends requests to this one too, once it is ready. */
  readonly add: (usher: Usher) => void;
  readonly close: () => Promise<void>;
}

interface Backend {
  readonly usher: Usher;
  readonly agent: Agent;
  ready: boolean;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
}

/**
 * Starts a load balancer that sends each request to the next ready Usher (`/readyz`). A request whose connection failed
 * is sent to the next one; one that was sent is not repeated, because it is a POST.
 */
export async function startRoundRobin(): Promise<RoundRobin> {
  const backends: Backend[] = [];
  let next = 0;
  const forward = ({ incoming, outgoing, body }: Exchange, tries = 0) => {
    const ready = backends.filter((each) => each.ready);
    const backend = ready[(next += 1) % ready.length];
    if (backend === undefined || tries > ready.length) {
      outgoing.writeHead(502).end();
      return;
    }
    const target = new URL(incoming.url!, backend.usher.publicUrl);
    const { method, headers } = incoming;
    const forwarded = send(target, { method, headers, agent: backend.agent }, (response) => {
      // The header concerns its connection to the balancer, not that of the client.
      delete response.headers.connection;
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') forward({ incoming, outgoing, body }, tries + 1);
      else outgoing.writeHead(502).end();
    });
    forwarded.end(body);
  };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      forward({ incoming, outgoing, body: Buffer.concat(chunks) });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const probing = setInterval(() => {
    for (const backend of backends) void probe(backend);
  }, 200);
  return {
    publicUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (usher) => {
      backends.push({ usher, agent: new Agent({ keepAlive: true }), ready: true });
    },
    close: async () => {
      clearInterval(probing);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function probe(backend: Backend): Promise<void> {
  try {
    const signal = AbortSignal.timeout(1_000);
    backend.ready = (await fetch(`${backend.usher.operatorUrl}/readyz`, { signal })).ok;
  } catch {
    backend.ready = false;
  }
}
