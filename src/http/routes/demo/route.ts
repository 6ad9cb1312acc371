import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { FindDecision } from '../../../audit/audit-event.ts';
import { packagePath } from '../../../runtime/package-path.ts';
import { sendPageFile } from '../../output/page-file.ts';

/** A person of the policy's demo and a channel, with a token of the requested lifetime. */
interface DemoVisit {
  readonly who: string;
  readonly channel: string;
  readonly token: string;
  /** The path of the route that signs the channel, and the name of its field for the token; without it, `Authorization`. */
  readonly path: string;
  readonly field: string | undefined;
  readonly tenant: string | undefined;
}

/** The Pusher server to which the page connects. */
interface DemoServer {
  readonly key: string;
  readonly cluster: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly tls: boolean;
}

export interface DemoDeps {
  readonly server: DemoServer;
  /** The visits of the policy's demo, with tokens of this lifetime in milliseconds. */
  readonly visits: (lifetimeMs: number) => Promise<readonly DemoVisit[]>;
  readonly findDecision: FindDecision;
}

const directory = packagePath('pages', 'demo');
const types = { 'demo.js': 'text/javascript', 'demo.css': 'text/css' } as const;
const longestMs = 60 * 60 * 1000;

/**
 * Adds `GET /demo`: a page on which the people of the policy's demo enter channels of a Pusher server. Only for development:
 * it gives a token of each person, and the reason of a refusal, to anybody.
 */
export function addDemo(server: FastifyInstance, deps: DemoDeps): void {
  const { server: pusher, visits, findDecision } = deps;
  const policy = contentSecurityPolicy(pusher);
  const send = (path: string, type: string, read: () => Buffer): void => {
    server.get(path, (request, reply) =>
      sendPageFile(request, reply, { body: read(), type, contentSecurityPolicy: policy }),
    );
  };
  send('/demo', 'text/html', () => readFileSync(join(directory, 'index.html')));
  for (const [file, type] of Object.entries(types)) {
    send(`/demo/${file}`, type, () => readFileSync(join(directory, file)));
  }
  send('/demo/pusher.js', 'text/javascript', readPusherJs);
  server.get('/demo/visits', async (request, reply) => {
    const { seconds } = request.query as { readonly seconds?: unknown };
    const lifetimeMs = Math.min(Number(seconds) * 1000 || longestMs, longestMs);
    // Outside production any origin is allowed, but only the page of the demo may read tokens.
    void reply.removeHeader('access-control-allow-origin').header('cache-control', 'no-store');
    return { pusher, visits: await visits(lifetimeMs) };
  });
  server.get('/demo/decisions/:id', async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    const found = await findDecision(id);
    void reply.removeHeader('access-control-allow-origin').header('cache-control', 'no-store');
    return { failed_check: found?.decision.failedCheck };
  });
}

/** The browser file of pusher-js, a development dependency; empty without it, and the page says so. */
function readPusherJs(): Buffer {
  try {
    const manifest = createRequire(import.meta.url).resolve('pusher-js/package.json');
    return readFileSync(join(dirname(manifest), 'dist/web/pusher.min.js'));
  } catch {
    return Buffer.alloc(0);
  }
}

/** The page connects only to Usher and to the Pusher server. */
function contentSecurityPolicy({ host, port, tls }: DemoServer): string {
  const at =
    host === undefined ? 'wss://*.pusher.com' : `${tls ? 'wss' : 'ws'}://${host}:${port ?? ''}`;
  return [
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'",
    `frame-ancestors 'none'; connect-src 'self' ${at.replace(/:$/, '')}`,
  ].join('; ');
}
