import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/**
 * The application, in its own process so that SIGSTOP can freeze it: an HTTP server that grants every request, and a TCP proxy to
 * PostgreSQL at `SQL_HOST` and `SQL_PORT`. While it is frozen, the kernel accepts connections and nothing responds.
 */
const responses: Readonly<Record<string, object>> = {
  '/me': { user_id: 15 },
  '/broadcasting/auth': { auth: 'key:signature' },
};

const http = createHttpServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(responses[request.url ?? ''] ?? { role: 'editor' }));
  });
});

const sql = createServer((incoming) => {
  const outgoing = connect(Number(process.env['SQL_PORT']), process.env['SQL_HOST']);
  const end = () => {
    incoming.destroy();
    outgoing.destroy();
  };
  incoming.on('error', end).on('close', end);
  outgoing.on('error', end).on('close', end);
  incoming.pipe(outgoing).pipe(incoming);
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

process.send?.({ http: await listen(http), sql: await listen(sql) });
