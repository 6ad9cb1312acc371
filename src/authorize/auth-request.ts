import type { Origin } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';

/** The tenant and the hotel of the request, which must match those of the channel and the credential. */
export interface RouteConstraints {
  /** The hotel in the path. */
  readonly hotelSlug?: string;
  /** The tenants in the header and in the path. */
  readonly tenantIds: readonly string[];
}

/** A request for user authentication: `pusher.signin()`. */
export interface UserAuthRequest {
  readonly socketId: string;
  /** All credentials of the request; none or several are refused. */
  readonly credentials: readonly Credential[];
  readonly constraints: RouteConstraints;
  readonly origin: Origin;
}

/** A request for channel authorization, with unparsed texts. */
export interface ChannelAuthRequest extends UserAuthRequest {
  readonly channelName: string;
}

/** A request for the authorization of several channels of one socket. */
export interface BatchAuthRequest extends UserAuthRequest {
  /** Without duplicates. */
  readonly channelNames: readonly string[];
}
