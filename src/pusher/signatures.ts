// Public types of the library. Without imports, so that an application can compile them without the dependencies of Usher.

/** The proof that a client passes to the Pusher server. */
export interface ChannelSignature {
  readonly auth: string;
  /** The member as JSON. */
  readonly channel_data?: string;
  /** The key of an encrypted channel, in base64. */
  readonly shared_secret?: string;
}

/** The response to `pusher.signin()`; `user_data` is JSON. */
export interface SignedUser {
  readonly auth: string;
  readonly user_data: string;
}
