// Bare Fastify with a form and one HMAC: the cost of the framework. It grants every request.
import { createHmac } from 'node:crypto';
import Fastify from 'fastify';
import { acceptForms } from './accept-forms.ts';
import { announce, setting } from './announce.ts';

const [key, secret] = [setting('PUSHER_KEY'), setting('PUSHER_SECRET')];

const server = Fastify({ logger: false });
acceptForms(server);
server.post('/api/guest/hotel/:hotelSlug/chat/pusher/auth', (request) => {
  const form = request.body as Readonly<Record<string, string>>;
  const signed = `${String(form['socket_id'])}:${String(form['channel_name'])}`;
  return Promise.resolve({
    auth: `${key}:${createHmac('sha256', secret).update(signed).digest('hex')}`,
  });
});
await server.listen({ port: 0, host: '127.0.0.1' });
announce(server.server.address());
