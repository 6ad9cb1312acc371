import type { FactReader } from '../../policy/facts.ts';
import { CommandError } from '../command.ts';
import { positionOfFault } from './json-fault.ts';

/** A user by claims, or the guest of a booking. */
export interface Subject {
  readonly user?: string;
  readonly tenant?: string;
  readonly roles?: readonly string[];
  readonly hotel?: string;
  readonly booking?: string;
}

/** One expected decision. */
export interface Row {
  readonly who: string;
  readonly channel: string;
  readonly may: boolean;
  /** The variations of the row that are also granted. */
  readonly and?: readonly string[];
}

type Facts<Fact> = Readonly<Record<string, Fact>>;

/** A table of expected decisions. Facts have the form of the operator's port, and their ids joined by `/` as keys. */
export interface PolicyFile {
  readonly who: Readonly<Record<string, Subject>>;
  readonly facts?: {
    readonly bookings?: Facts<{
      readonly status: 'open' | 'cancelled';
      readonly check_out?: string;
    }>;
    readonly escrows?: Facts<Readonly<Record<'buyer_id' | 'seller_id' | 'status', string>>>;
    readonly rooms?: Facts<{
      readonly tenant_id?: string;
      readonly participants: readonly string[];
    }>;
    readonly orders?: Facts<{ readonly owner_id: string }>;
  };
  readonly rows: readonly Row[];
}

/** Throws `CommandError` with the file and the row of an error. */
export function parsePolicy(text: string, path: string): PolicyFile {
  let file: Partial<PolicyFile> | null;
  try {
    file = JSON.parse(text) as Partial<PolicyFile> | null;
  } catch {
    throw new CommandError(`${path} is not JSON: see ${positionOfFault(text)}`);
  }
  const { who, rows } = file ?? {};
  if (typeof who !== 'object' || !Array.isArray(rows) || rows.length === 0) {
    throw new CommandError(`${path} needs an object "who" and at least one of "rows"`);
  }
  for (const [i, row] of (rows as readonly (Partial<Row> | null)[]).entries()) {
    const { who: name, channel, may } = row ?? {};
    const known = name !== undefined && Object.hasOwn(who, name);
    if (!known || typeof channel !== 'string' || typeof may !== 'boolean') {
      throw new CommandError(
        `${path}: row ${i + 1} needs a "who" of the file, a "channel", and "may": true or false`,
      );
    }
  }
  return { ...file, who, rows };
}

/** Finds the facts of a file as the database does. */
export function factsIn({ facts = {} }: PolicyFile): FactReader {
  const { bookings = {}, escrows = {}, rooms = {}, orders = {} } = facts;
  const take = <Fact, As>(of: Facts<Fact>, id: string, as: (fact: Fact) => As) => {
    const fact = Object.hasOwn(of, id) ? of[id] : undefined;
    return Promise.resolve(fact === undefined ? undefined : as(fact));
  };
  return {
    booking: (hotelSlug, bookingId) =>
      take(bookings, `${hotelSlug}/${bookingId}`, ({ status, check_out: end }) => ({
        ...{ hotelSlug, bookingId, status },
        ...(end !== undefined && { checkOut: Date.parse(end) }),
      })),
    escrow: (tenantId, escrowId) =>
      take(escrows, `${tenantId}/${escrowId}`, (fact) => ({
        ...{ tenantId, escrowId, status: fact.status },
        ...{ buyerId: fact.buyer_id, sellerId: fact.seller_id },
      })),
    room: (roomId) =>
      take(rooms, roomId, ({ tenant_id: tenantId, participants }) => ({
        ...{ roomId, participants },
        ...(tenantId !== undefined && { tenantId }),
      })),
    order: (orderId) => take(orders, orderId, ({ owner_id }) => ({ orderId, ownerId: owner_id })),
  };
}
