import { bookingOf, escrowOf, hotelSlug, ownerOf, roomOf, rowsOfSeller } from '../facts.ts';
import type { Keys } from '../keys.ts';
import { mint, mintSigned, type Signature } from '../tokens.ts';
import { serialise, type Expected, type Field, type PreparedRequest } from './request.ts';

export type ScenarioName =
  | 'guest'
  | 'guest-refused'
  | 'no-credentials'
  | 'user'
  | 'order'
  | 'list'
  | 'seller-batch'
  | 'five-channels'
  | 'five-channels-batch';

/** The requests of a measurement. */
export interface Scenario {
  readonly name: ScenarioName;
  /** Number of bookings and escrows. */
  readonly rows: number;
  /** Number of distinct requests, each with its own token, that are repeated; `fresh`: each request is sent once. */
  readonly tokens: number | 'fresh';
  /** Issuer of a policy, named like its algorithm, that signs the tokens of users. By default `USER_TOKEN_SECRET` signs them. */
  readonly issuer?: Signature;
  /** Channel name of an order without `private-` and id. It selects the source of the fact. */
  readonly orders?: string;
}

/** Channels per request. */
export const channelsOf: Readonly<Record<ScenarioName, number>> = {
  guest: 1,
  'guest-refused': 1,
  'no-credentials': 1,
  user: 1,
  order: 1,
  list: 1,
  'seller-batch': 20,
  'five-channels': 1,
  'five-channels-batch': 5,
};

/** Prepares a request by its serial number (from 0). Each has its own token, except in `five-channels`: one token per user. */
export function prepare(scenario: Scenario, serial: number, keys: Keys): PreparedRequest {
  // A prime factor, so that consecutive requests read distant rows.
  const row = (serial * 7919) % scenario.rows;
  switch (scenario.name) {
    case 'guest':
      return guest({ serial, row, requestedRow: row }, keys);
    case 'guest-refused':
      return guest({ serial, row, requestedRow: row + 1 }, keys);
    case 'no-credentials':
      return withoutCredentials(serial);
    case 'user': {
      const { tenantId, escrowId, buyerId } = escrowOf(row);
      const channel = `private-tenant.${tenantId}.escrow.${escrowId}.chat`;
      const { issuer } = scenario;
      return user({ serial, tenantId, userId: buyerId, channels: [channel], issuer }, keys);
    }
    case 'order':
      return order({ serial, row, channel: `private-${scenario.orders ?? 'order'}-${row}` }, keys);
    case 'list':
      return list(serial, row, keys);
    case 'seller-batch': {
      const { tenantId, sellerId } = escrowOf(row);
      const channels = rowsOfSeller(row)
        .map((each) => `private-tenant.${tenantId}.escrow.${escrowOf(each).escrowId}`)
        .flatMap((channel) => [channel, `${channel}.chat`]);
      return batch({ serial, tenantId, userId: sellerId, channels }, keys);
    }
    case 'five-channels': {
      const buyer = buyerOf(Math.floor(serial / 5));
      return user({ ...buyer, channels: buyer.channels.slice(serial % 5, (serial % 5) + 1) }, keys);
    }
    case 'five-channels-batch':
      return batch(buyerOf(serial), keys);
  }
}

interface Buyer {
  readonly serial: number;
  readonly tenantId: string;
  readonly userId: string;
  readonly channels: readonly string[];
  readonly issuer?: Signature | undefined;
}

/** The buyer of an escrow, with the channels of their page. */
function buyerOf(row: number): Buyer {
  const { tenantId, escrowId, buyerId } = escrowOf(row);
  const tenant = `private-tenant.${tenantId}`;
  const escrow = `${tenant}.escrow.${escrowId}`;
  const channels = [
    `${tenant}.user.${buyerId}`,
    `${tenant}.announcements`,
    'private-announcements',
    escrow,
    `${escrow}.chat`,
  ];
  return { serial: row, tenantId, userId: buyerId, channels };
}

function guest(
  request: { readonly serial: number; readonly row: number; readonly requestedRow: number },
  keys: Keys,
): PreparedRequest {
  const { serial, row, requestedRow } = request;
  const claims = { booking_id: bookingOf(row), hotel_slug: hotelSlug, jti: `g${serial}` };
  const token = mint(claims, keys.guestSecret);
  const socketId = socketOf(serial);
  const channel = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingOf(requestedRow)}`;
  const bytes = serialise({
    path: `/api/guest/hotel/${hotelSlug}/chat/pusher/auth?token=${token}`,
    form: [
      ['socket_id', socketId],
      ['channel_name', channel],
      ['token', token],
    ],
  });
  const expected: Expected =
    row === requestedRow
      ? { status: 200, socketId, channels: [channel] }
      : { status: 403, socketId, channels: [] };
  return { bytes, expected };
}

function withoutCredentials(serial: number): PreparedRequest {
  const socketId = socketOf(serial);
  const form: Field[] = [
    ['socket_id', socketId],
    ['channel_name', 'private-announcements'],
  ];
  const bytes = serialise({ path: '/broadcasting/auth', form });
  return { bytes, expected: { status: 401, limited: 429, socketId, channels: [] } };
}

/** A request of the owner of an order, without a tenant. */
function order(
  request: { readonly serial: number; readonly row: number; readonly channel: string },
  keys: Keys,
): PreparedRequest {
  const { serial, row, channel } = request;
  const socketId = socketOf(serial);
  const token = mint({ sub: ownerOf(row), jti: `o${serial}` }, keys.userSecret);
  const bytes = serialise({
    path: '/broadcasting/auth',
    headers: { Authorization: `Bearer ${token}` },
    form: [
      ['socket_id', socketId],
      ['channel_name', channel],
    ],
  });
  return { bytes, expected: { status: 200, socketId, channels: [channel] } };
}

function user(buyer: Buyer, keys: Keys): PreparedRequest {
  const fields = buyer.channels.map((channel): Field => ['channel_name', channel]);
  return ofUser('/broadcasting/auth', { buyer, fields, keys });
}

/** A batch request in the format of the plugin `pusher-js-auth`. */
function batch(buyer: Buyer, keys: Keys): PreparedRequest {
  const fields = buyer.channels.map((channel, i): Field => [`channel_name[${i}]`, channel]);
  return ofUser('/pusher/auth/batch', { buyer, fields, keys });
}

/** A request for the list of a buyer's channels, which contains an escrow and a room. */
function list(serial: number, row: number, keys: Keys): PreparedRequest {
  const { tenantId, escrowId, buyerId } = escrowOf(row);
  const headers = headersOf({ serial, tenantId, userId: buyerId }, keys);
  const listed = [`private-tenant.${tenantId}.escrow.${escrowId}`, `private-room-${roomOf(row)}`];
  return {
    bytes: serialise({ path: '/api/channels', headers }),
    expected: { status: 200, socketId: '', channels: [], listed },
  };
}

function ofUser(
  path: string,
  request: {
    readonly buyer: Buyer;
    readonly fields: readonly Field[];
    readonly keys: Keys;
  },
): PreparedRequest {
  const { serial, channels } = request.buyer;
  const socketId = socketOf(serial);
  const bytes = serialise({
    path,
    headers: headersOf(request.buyer, request.keys),
    form: [['socket_id', socketId], ...request.fields],
  });
  return { bytes, expected: { status: 200, socketId, channels } };
}

function headersOf(buyer: Omit<Buyer, 'channels'>, keys: Keys) {
  return { Authorization: `Bearer ${tokenOf(buyer, keys)}`, 'X-Tenant-ID': buyer.tenantId };
}

function tokenOf({ serial, tenantId, userId, issuer }: Omit<Buyer, 'channels'>, keys: Keys) {
  const claims = { sub: userId, tenant_id: tenantId, jti: `u${serial}` };
  if (issuer === undefined) return mint(claims, keys.userSecret);
  return mintSigned({ ...claims, iss: issuer, aud: 'usher' }, issuer, keys.signing[issuer]);
}

function socketOf(serial: number): string {
  return `${100_000 + (serial % 900_000)}.${serial}`;
}
