import type { Origin } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';

/** What the route already says, and the channel and the credential must agree with. */
export interface RouteConstraints {
  /** The hotel in the path. */
  readonly hotelSlug?: string;
  /** The tenants in the header and in the path. */
  readonly tenantIds: readonly string[];
}

/** Somebody asks who they are to the Pusher server: `pusher.signin()`. */
export interface UserAuthRequest {
  readonly socketId: string;
  /** As presented: none and several are refused, never chosen among. */
  readonly credentials: readonly Credential[];
  readonly constraints: RouteConstraints;
  readonly origin: Origin;
}

/** Somebody asks "may I subscribe?". Everything is still text, as it came. */
export interface ChannelAuthRequest extends UserAuthRequest {
  readonly channelName: string;
}

/** Somebody asks about several channels of one socket at once. */
export interface BatchAuthRequest extends UserAuthRequest {
  /** Each of them once. */
  readonly channelNames: readonly string[];
}
