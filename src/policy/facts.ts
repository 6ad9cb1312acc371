/** A booking at a hotel; `checkOut` is the end of the stay. */
export interface Booking {
  readonly hotelSlug: string;
  readonly bookingId: string;
  readonly status: 'open' | 'cancelled';
  readonly roomNumber?: string;
  readonly checkOut?: number;
}

/** An escrow of a tenant. Of the host's values of `status`, rules use only `DISPUTED`. */
export interface Escrow {
  readonly tenantId: string;
  readonly escrowId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly status: string;
}

/**
 * A chat room of a marketplace; without `tenantId` it belongs to no tenant. `guestSession` opened it, and is linked to a user
 * since the login: in a room of a tenant, to a user of that tenant.
 */
export interface Room {
  readonly roomId: string;
  readonly tenantId?: string;
  readonly participants: readonly string[];
  readonly guestSession?: { readonly sessionId: string; readonly linkedUserId?: string };
}

/** Row-level security shows the rooms of this tenant, the rooms that this guest session opened, and rooms without a tenant. */
export interface RoomViewer {
  readonly tenantId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** An order and the user who owns it. */
export interface Order {
  readonly orderId: string;
  readonly ownerId: string;
}

/** Finds the facts of rules. A fact that does not exist is `undefined`. Throws `Unavailable`. */
export interface FactReader {
  booking(hotelSlug: string, bookingId: string): Promise<Booking | undefined>;
  escrow(tenantId: string, escrowId: string): Promise<Escrow | undefined>;
  /** Without a viewer, only rooms without a tenant. */
  room(roomId: string, viewer?: RoomViewer): Promise<Room | undefined>;
  order(orderId: string): Promise<Order | undefined>;
}

/** The ids of a principal's facts, for listing: one page of each list, ordered by id. Throws `Unavailable`. */
export interface FactLists {
  escrowsOf(tenantId: string, userId: string): Promise<readonly string[]>;
  /** Rooms of which the user is a participant, or whose guest session is linked to the user. */
  roomsOfUser(userId: string, tenantId: string | undefined): Promise<readonly string[]>;
  /** Rooms that the guest session opened. */
  roomsOfSession(sessionId: string): Promise<readonly string[]>;
  ordersOf(ownerId: string): Promise<readonly string[]>;
}

/** The key of the last fact of the current page of each unfinished query. */
export type ListCursor = Readonly<Record<string, string>>;

/** One page of a principal's ids. Call `next` after all lists are read; it returns `undefined` after the last page. */
export interface ListPage {
  readonly lists: FactLists;
  readonly next: () => ListCursor | undefined;
}

/** Opens the first page, or the page after this cursor, in which finished lists are empty. */
export type OpenListPage = (cursor?: ListCursor) => ListPage;
