import type { Origin } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import type { PinnedParam } from '../policy/param.ts';

/** What the route and the request require of the channel. */
export interface RouteConstraints {
  /** The tenants in the header and in the path, which must be those of the channel and of the credential. */
  readonly tenantIds: readonly string[];
  /** Parameters of the path that must be parameters of the channel. */
  readonly pins?: readonly PinnedParam[];
  /** The patterns that the route signs; all without it. */
  readonly only?: readonly string[] | undefined;
}

/** A request for user authentication: `pusher.signin()`. */
export interface UserAuthRequest {
  readonly socketId: string;
  /** All credentials of the request; none or several are refused. */
  readonly credentials: readonly Credential[];
  readonly constraints: RouteConstraints;
  readonly origin: Origin;
  /** The headers that a policy may pass on to the application; `undefined` if nobody sent this request. */
  readonly headers?: VisitorHeaders | undefined;
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
