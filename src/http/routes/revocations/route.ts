import type { FastifyInstance } from 'fastify';
import type { RevocationSubject } from '../../../authorize/revocation/revocation.ts';
import { revoke, type RevokeDeps } from '../../../authorize/revocation/revoke.ts';
import { originOf } from '../../input/auth-request.ts';
import { parseDatetime } from '../../../runtime/datetime.ts';
import { malformed } from '../../output/problem.ts';
import { revocationsDocs } from './docs.ts';

interface RevocationBody {
  readonly user_id?: string;
  readonly tenant_id?: string;
  readonly hotel_slug?: string;
  readonly booking_id?: string;
  readonly guest_session_id?: string;
  readonly token_id?: string;
  readonly issued_before?: string;
}

/** The JSON Schema of an id that a credential can contain. The revocation of any other id would have no effect. */
const id = {
  type: 'string',
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]{1,255}$',
} as const;

const subject = {
  user_id: id,
  tenant_id: id,
  hotel_slug: id,
  booking_id: id,
  guest_session_id: id,
  token_id: id,
} as const;

const body = {
  type: 'object',
  additionalProperties: false,
  properties: { ...subject, issued_before: { type: 'string', maxLength: 40 } },
} as const;

const options = { schema: { body }, config: { docs: revocationsDocs(body, subject) } };

/**
 * How far `issued_before` may lie in the future, in milliseconds: the clock skew allowed for issuers. A revocation
 * cannot be undone.
 */
const furthestAhead = 60_000;

/** Adds `POST /revocations` to the operator's port. */
export function addRevocations(server: FastifyInstance, deps: RevokeDeps): void {
  server.post<{ Body: RevocationBody }>('/revocations', options, async (request) => {
    const { issued_before, ...named } = request.body;
    const subject = subjectOf(named);
    if (subject === undefined) {
      throw malformed(
        'Name exactly one of user_id (with or without tenant_id), tenant_id, hotel_slug with booking_id, guest_session_id, token_id',
      );
    }
    const asked = { subject, issuedBefore: issuedBefore(issued_before, deps.now()) };
    const revocation = await revoke(asked, originOf(request), deps);
    const moment = new Date(revocation.issuedBefore).toISOString();
    request.log.info({ revoked: named, issuedBefore: moment }, 'revoked');
    return { revoked: named, issued_before: moment, effects: revocation.effects };
  });
}

/** Returns the subject of these fields. Returns `undefined` for no subject and for more than one. */
function subjectOf(named: Omit<RevocationBody, 'issued_before'>): RevocationSubject | undefined {
  const { user_id, tenant_id, hotel_slug, booking_id, guest_session_id, token_id } = named;
  const count = Object.keys(named).length;
  if (count === 1) {
    if (user_id !== undefined) return { kind: 'user', userId: user_id };
    if (tenant_id !== undefined) return { kind: 'tenant', tenantId: tenant_id };
    if (guest_session_id !== undefined) {
      return { kind: 'guest-session', sessionId: guest_session_id };
    }
    if (token_id !== undefined) return { kind: 'token', tokenId: token_id };
  }
  if (count === 2) {
    if (user_id !== undefined && tenant_id !== undefined) {
      return { kind: 'user', userId: user_id, tenantId: tenant_id };
    }
    if (hotel_slug !== undefined && booking_id !== undefined) {
      return { kind: 'booking', hotelSlug: hotel_slug, bookingId: booking_id };
    }
  }
  return undefined;
}

function issuedBefore(text: string | undefined, now: number): number {
  if (text === undefined) return now;
  const moment = parseDatetime(text);
  if (moment === undefined) {
    throw malformed('issued_before must be a time with its zone such as 2025-12-31T11:00:00Z');
  }
  if (moment > now + furthestAhead) throw malformed('issued_before lies in the future');
  return moment;
}
