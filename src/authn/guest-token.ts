import type { Guest } from '../policy/principal.ts';
import { optionalClaim, printableText, readTokenId } from './claims.ts';
import type { CredentialReader } from './identify.ts';
import type { JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

const maxIdLength = 128;

/** The claims that name the booking and the hotel: `booking_id` and `hotel_slug` unless the host calls them otherwise. */
export interface GuestClaimNames {
  readonly bookingClaim: string;
  readonly hotelClaim: string;
}

/** Makes the reader of guest tokens (system A): a JWT for one booking at one hotel, both texts of 1 to 128 characters. */
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
