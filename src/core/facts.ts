/** A booking at a hotel; `checkOut` is the last moment of the stay, in milliseconds since the epoch. */
export interface Booking {
  readonly hotelSlug: string;
  readonly bookingId: string;
  readonly status: 'open' | 'cancelled';
  readonly roomNumber?: string;
  readonly checkOut?: number;
}

/** An escrow of a tenant. `status` is the host's word; only `DISPUTED` means something here. */
export interface Escrow {
  readonly tenantId: string;
  readonly escrowId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly status: string;
}

/** A chat room of a marketplace; `guestSession` is the one that opened it, with the user it was linked to at login. */
export interface Room {
  readonly roomId: string;
  readonly participants: readonly string[];
  readonly guestSession?: { readonly sessionId: string; readonly linkedUserId?: string };
}

/** An order and the user who owns it. */
export interface Order {
  readonly orderId: string;
  readonly ownerId: string;
}

/**
 * The facts a rule may ask for. `undefined` means that the fact does not exist;
 * a database that cannot answer throws `Unavailable` instead.
 */
export interface Find {
  booking(hotelSlug: string, bookingId: string): Promise<Booking | undefined>;
  escrow(tenantId: string, escrowId: string): Promise<Escrow | undefined>;
  room(roomId: string): Promise<Room | undefined>;
  order(orderId: string): Promise<Order | undefined>;
}

/** The ids of what is a principal's own, for listing: the latest few hundred at most. Throws `Unavailable`. */
export interface FindOwn {
  escrowsOf(tenantId: string, userId: string): Promise<readonly string[]>;
  /** Rooms in which the user takes part, or whose guest session was linked to them. */
  roomsOfUser(userId: string): Promise<readonly string[]>;
  /** Rooms that the guest session opened. */
  roomsOfSession(sessionId: string): Promise<readonly string[]>;
  ordersOf(ownerId: string): Promise<readonly string[]>;
}
