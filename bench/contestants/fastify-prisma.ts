// A typical hand-written service: verifies the token with jose, loads the booking with Prisma and signs with `pusher`.
// No audit log, revocation, rate limits or logs.
import { PrismaPg } from '@prisma/adapter-pg';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import Pusher from 'pusher';
import { PrismaClient } from '../../src/database/generated/client.ts';
import { ownSchema } from '../../src/database/schema.ts';
import { acceptForms } from './accept-forms.ts';
import { announce, setting } from './announce.ts';

const tokenKey = new TextEncoder().encode(setting('GUEST_TOKEN_SECRET'));
const pusher = new Pusher({
  appId: setting('PUSHER_APP_ID'),
  key: setting('PUSHER_KEY'),
  secret: setting('PUSHER_SECRET'),
  cluster: 'eu',
});
const prisma = new PrismaClient({
  adapter: new PrismaPg(
    { connectionString: setting('DATABASE_URL'), max: 10 },
    { schema: ownSchema },
  ),
});

interface GuestClaims {
  readonly booking_id: string;
  readonly hotel_slug: string;
}

const server = Fastify({ logger: false });
acceptForms(server);
server.post('/api/guest/hotel/:hotelSlug/chat/pusher/auth', async (request, reply) => {
  const { hotelSlug } = request.params as { readonly hotelSlug: string };
  const form = request.body as Readonly<Record<string, string>>;
  const { socket_id: socketId = '', channel_name: channelName = '', token = '' } = form;
  const { payload } = await jwtVerify<GuestClaims>(token, tokenKey, { algorithms: ['HS256'] });
  const bookingId = payload.booking_id;
  const own = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingId}`;
  if (channelName !== own || payload.hotel_slug !== hotelSlug) {
    return reply.code(403).send({ error: 'Forbidden' });
  }
  const where = { kind_key: { kind: 'booking', key: JSON.stringify([hotelSlug, bookingId]) } };
  const fact = await prisma.fact.findUnique({ where });
  const booking = fact?.fields as Readonly<Record<string, string>> | undefined;
  if (booking?.['status'] !== 'open') return reply.code(403).send({ error: 'Forbidden' });
  return pusher.authorizeChannel(socketId, channelName, {
    user_id: `guest_${bookingId}`,
    user_info: { name: 'Guest', booking_id: bookingId, room_number: booking['room_number'] },
  });
});
await server.listen({ port: 0, host: '127.0.0.1' });
announce(server.server.address());
