import type { Guest } from '../policy/principal.ts';
import { optionalClaim, printableText, readTokenId } from './claims.ts';
import type { CredentialReader } from './identify.ts';
import type { JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

const maxIdLength = 128;

/** The names of the claims for booking and hotel. The defaults are `booking_id` and `hotel_slug`. */
export interface GuestClaimNames {
  readonly bookingClaim: string;
  readonly hotelClaim: string;
}

/**
 * Creates the reader of guest tokens (system A): JWTs for one booking at one hotel. Both claims are texts of 1 to 128
 * characters.
 */
export function createGuestTokenReader(
  settings: GuestClaimNames & { readonly verifier: JwtVerifier },
): CredentialReader {
  return async (text) => {
    const jwt = await settings.verifier.verify(text);
    if ('fault' in jwt) return jwt;
    const principal = readGuest(jwt, settings);
    return principal === undefined ? { fault: 'credential-rejected' } : { principal };
  };
}

function readGuest(jwt: VerifiedJwt, names: GuestClaimNames): Guest | undefined {
  const { claims, issuedAt, expiresAt } = jwt;
  const bookingId = printableText(claims.get(names.bookingClaim), maxIdLength);
  const hotelSlug = printableText(claims.get(names.hotelClaim), maxIdLength);
  const tokenId = optionalClaim(claims.get('jti'), readTokenId);
  if (bookingId === undefined || hotelSlug === undefined || tokenId === undefined) return undefined;
  return {
    kind: 'guest',
    hotelSlug,
    bookingId,
    expiresAt,
    issuedAt,
    tokenId: tokenId.value,
  };
}
