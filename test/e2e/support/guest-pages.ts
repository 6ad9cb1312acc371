import { type TextResponse, postForm } from './requests.ts';
import { connectPusher, type Joined, type PusherClient } from './clients.ts';
import type { Deployment } from './deployment.ts';

/** The channel that a guest's page requests, and its credentials. */
export interface Visit {
  readonly bookingId: string;
  readonly hotelInUrl: string;
  readonly channelName: string;
  readonly token: string;
}

/** The pages of one hotel's guests, and the bookings that the hotel writes to Usher. */
export interface GuestPages {
  /** A valid request of the guest of a new booking, so that tests do not share one. */
  newVisit(facts?: object): Promise<Visit>;
  /** A request of a guest of this booking, which is valid if the booking exists. */
  visitOf(bookingId: string): Visit;
  putBooking(bookingId: string, facts: object): Promise<void>;
  endpoint(hotelInUrl?: string): string;
  /** Configured like the existing client: the token is in the URL and in the parameters. */
  connect(visit: Visit, tokenInForm?: string): PusherClient;
  /** Subscribes with its own pusher-js. */
  enter(visit: Visit): Promise<Joined>;
  /** Sends what that pusher-js sends, for the socket `socketId`. */
  requestFor(visit: Visit): Promise<TextResponse>;
  /** Ends all connections. */
  close(): void;
}

export const hotel = 'grand-hotel';
/** The socket of requests that no pusher-js sends. */
export const socketId = '1234.5678';

export const channelOf = (bookingId: string) =>
  `private-hotel-${hotel}-guest-chat-booking-${bookingId}`;

/** Opens the pages of a deployment. */
export function openGuestPages({ soketi, usher, tokens, put }: Deployment): GuestPages {
  const open: PusherClient[] = [];
  let bookings = 0;
  const pages: GuestPages = {
    newVisit: async (facts = {}) => {
      bookings += 1;
      const bookingId = `BK-2025-E2E${bookings}`;
      await pages.putBooking(bookingId, facts);
      return pages.visitOf(bookingId);
    },
    visitOf: (bookingId) => ({
      bookingId,
      hotelInUrl: hotel,
      channelName: channelOf(bookingId),
      token: tokens.guest({ booking_id: bookingId }),
    }),
    putBooking: (bookingId, facts) =>
      put(`/resources/hotels/${hotel}/bookings/${bookingId}`, { status: 'open', ...facts }),
    endpoint: (hotelInUrl = hotel) =>
      `${usher.publicUrl}/api/guest/hotel/${hotelInUrl}/chat/pusher/auth`,
    connect: ({ hotelInUrl, token }, tokenInForm = token) => {
      const client = connectPusher(soketi, {
        authEndpoint: `${pages.endpoint(hotelInUrl)}?token=${token}`,
        auth: { params: { token: tokenInForm } },
      });
      open.push(client);
      return client;
    },
    enter: (visit) => pages.connect(visit).subscribe(visit.channelName),
    requestFor: ({ hotelInUrl, channelName, token }) =>
      postForm(`${pages.endpoint(hotelInUrl)}?token=${token}`, {
        socket_id: socketId,
        channel_name: channelName,
        token,
      }),
    close: () => {
      for (const client of open.splice(0)) client.disconnect();
    },
  };
  return pages;
}
