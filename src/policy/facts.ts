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

/**
 * A chat room of a marketplace; `tenantId` where it belongs to one. `guestSession` is the one that opened it, with the user
 * it was linked to at login: in a room of a tenant, a user of that tenant.
 */
export interface Room {
  readonly roomId: string;
  readonly tenantId?: string;
  readonly participants: readonly string[];
  readonly guestSession?: { readonly sessionId: string; readonly linkedUserId?: string };
}

/** Who a room is looked up for: row-level security shows the rooms of this tenant, those that this guest session opened, and those of no tenant. */
export interface RoomViewer {
  readonly tenantId?: string | undefined;
  readonly sessionId?: string | undefined;
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
export interface FactReader {
  booking(hotelSlug: string, bookingId: string): Promise<Booking | undefined>;
  escrow(tenantId: string, escrowId: string): Promise<Escrow | undefined>;
  /** Without a viewer only a room of no tenant. */
  room(roomId: string, viewer?: RoomViewer): Promise<Room | undefined>;
  order(orderId: string): Promise<Order | undefined>;
}

/** The ids of what is a principal's own, for listing: one page of each list, in the order of the ids. Throws `Unavailable`. */
export interface FactLists {
  escrowsOf(tenantId: string, userId: string): Promise<readonly string[]>;
  /** Rooms in which the user takes part, or whose guest session was linked to them. */
  roomsOfUser(userId: string, tenantId: string | undefined): Promise<readonly string[]>;
  /** Rooms that the guest session opened. */
  roomsOfSession(sessionId: string): Promise<readonly string[]>;
  ordersOf(ownerId: string): Promise<readonly string[]>;
}

/** The lists that are read page by page, in the order in which a cursor names them. */
export const listNames = ['escrows', 'rooms', 'opened', 'orders'] as const;

/** Where the next page of each unfinished list begins: after this id. */
export type ListCursor = { readonly [List in (typeof listNames)[number]]?: string };

/** One page of a principal's own ids; `next` once all lists were read, `undefined` when they were read to their end. */
export interface ListPage {
  readonly lists: FactLists;
  readonly next: () => ListCursor | undefined;
}

/** Opens the first page, or the one at this cursor, whose finished lists are empty. */
export type OpenListPage = (cursor?: ListCursor) => ListPage;
