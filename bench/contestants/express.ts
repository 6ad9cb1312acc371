// A typical tutorial: Express, `jsonwebtoken` and `pusher`, without a database.
import express from 'express';
import jwt from 'jsonwebtoken';
import Pusher from 'pusher';
import { announce, setting } from './announce.ts';

const tokenSecret = setting('GUEST_TOKEN_SECRET');
const pusher = new Pusher({
  appId: setting('PUSHER_APP_ID'),
  key: setting('PUSHER_KEY'),
  secret: setting('PUSHER_SECRET'),
  cluster: 'eu',
});

interface GuestClaims {
  readonly booking_id: string;
  readonly hotel_slug: string;
}

const app = express();
app.use(express.urlencoded({ extended: false }));
app.post('/api/guest/hotel/:hotelSlug/chat/pusher/auth', (request, response) => {
  const { hotelSlug } = request.params;
  const form = request.body as Readonly<Record<string, string>>;
  const { socket_id: socketId = '', channel_name: channelName = '', token = '' } = form;
  const claims = jwt.verify(token, tokenSecret, { algorithms: ['HS256'] }) as GuestClaims;
  const bookingId = claims.booking_id;
  const own = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingId}`;
  if (channelName !== own || claims.hotel_slug !== hotelSlug) {
    response.status(403).json({ error: 'Forbidden' });
    return;
  }
  const member = { user_id: `guest_${bookingId}`, user_info: { name: 'Guest' } };
  response.json(pusher.authorizeChannel(socketId, channelName, member));
});
const server = app.listen(0, '127.0.0.1', () => {
  announce(server.address());
});
