import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/**
 * The application in a process of its own, which can be frozen: an HTTP server that says yes to everything, and the way to the
 * PostgreSQL of `SQL_PORT`. A frozen process accepts connections and answers nothing, as a frozen server does.
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
