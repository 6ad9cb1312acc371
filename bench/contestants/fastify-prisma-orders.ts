// A typical hand-written service for the owner of an order: verifies the token with jose, loads the order with Prisma and signs with
// `pusher`. No audit log, revocation, rate limits or logs. Its Prisma client is generated for the application's table.
import { PrismaPg } from '@prisma/adapter-pg';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import Pusher from 'pusher';
import { acceptForms } from './accept-forms.ts';
import { announce, setting } from './announce.ts';

interface OrdersClient {
  readonly order: {
    readonly findUnique: (query: {
      readonly where: { readonly id: bigint };
    }) => Promise<{ readonly owner_id: string } | null>;
  };
}

interface GeneratedClient {
  readonly PrismaClient: new (options: { readonly adapter: PrismaPg }) => OrdersClient;
}

const tokenKey = new TextEncoder().encode(setting('USER_TOKEN_SECRET'));
const pusher = new Pusher({
  appId: setting('PUSHER_APP_ID'),
  key: setting('PUSHER_KEY'),
  secret: setting('PUSHER_SECRET'),
  cluster: 'eu',
});
const { PrismaClient } = (await import(setting('PRISMA_CLIENT'))) as GeneratedClient;
const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: setting('DATABASE_URL'), max: 10 }),
});

const server = Fastify({ logger: false });
acceptForms(server);
server.post('/broadcasting/auth', async (request, reply) => {
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  const { payload } = await jwtVerify(token, tokenKey, { algorithms: ['HS256'] });
  const form = request.body as Readonly<Record<string, string>>;
  const { socket_id: socketId = '', channel_name: channelName = '' } = form;
  const [, id] = /^private-order-(\d{1,18})$/.exec(channelName) ?? [];
  if (id === undefined) return reply.code(403).send({ error: 'Forbidden' });
  const order = await prisma.order.findUnique({ where: { id: BigInt(id) } });
  if (order?.owner_id !== payload.sub) return reply.code(403).send({ error: 'Forbidden' });
  return pusher.authorizeChannel(socketId, channelName);
});
await server.listen({ port: 0, host: '127.0.0.1' });
announce(server.server.address());
