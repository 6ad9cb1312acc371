/** Headers of a request, such as `{ Authorization: 'Bearer …', 'X-Tenant-ID': '1' }`. */
export type UsherHeaders = Readonly<Record<string, string>> | Headers;

export interface UsherAuthOptions {
  /** The address of Usher, such as `https://usher.example`; by default the origin of the page. */
  readonly url?: string;
  /** The headers with the credential, or a function that returns the current ones for each request. */
  readonly headers?: UsherHeaders | (() => UsherHeaders | Promise<UsherHeaders>);
  /**
   * Gets a fresh credential, if Usher responded 401 or the server ended the connection. Resolves to the new headers,
   * or to `true` if `headers` is a function that returns them from now on. Resolves to `false` or nothing if the user
   * is signed out. If it rejects, it is called again later.
   */
  readonly refresh?: () => Promise<UsherHeaders | boolean | undefined>;
  /** Called once if Usher refuses the credential and there is no fresh one. Connections that ended stay closed. */
  readonly onSignedOut?: (error: UsherAuthError) => void;
  /** Milliseconds in which channels are collected for one request; 10 by default. */
  readonly batchWindow?: number;
  /** Milliseconds of retries before the page receives an error; 20,000 by default. Usher is retried after that too. */
  readonly retryFor?: number;
  /**
   * Milliseconds after which a request without a response fails, and a call of `refresh` or `headers` that has not
   * resolved; 60,000 by default. Usher may queue a request for 45 s.
   */
  readonly timeout?: number;
  /** Whether the browser sends cookies, as for `fetch`: `include` for a session cookie of another origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
}

/** The error of a channel or a sign-in. */
export interface UsherAuthError extends Error {
  /** The HTTP status, or 0 if there was no response. */
  readonly status: number;
  /** The id under which an operator finds the reason (`GET /decisions/{id}`); absent if Usher made no decision. */
  readonly decisionId: string | undefined;
}

/** The signature of a channel, as pusher-js expects it. */
export interface ChannelSignature {
  auth: string;
  channel_data?: string;
  shared_secret?: string;
}

/** The signature of a sign-in, as pusher-js expects it. */
export interface UserSignature {
  auth: string;
  user_data: string;
}

/** The callback of pusher-js: an error, or a signature. */
export type AuthCallback<Signature> = (error: Error | null, signature: Signature | null) => void;

/** The parts of a pusher-js object that the package uses. */
export interface PusherLike {
  readonly connection: {
    readonly state: string;
    readonly socket_id: string;
    bind(event: string, callback: (data: never) => void): unknown;
  };
  readonly user: Emitter;
  channel(name: string): ChannelLike | undefined;
  connect(): void;
  disconnect(): void;
}

export interface Emitter {
  emit: (event: string, data?: unknown, metadata?: never) => unknown;
}

/** The parts of a channel of pusher-js that the package uses. */
export interface ChannelLike extends Emitter {
  readonly name: string;
  readonly subscribed: boolean;
  subscriptionPending: boolean;
  readonly subscriptionCancelled: boolean;
}

/** The handlers for pusher-js and Laravel Echo. */
export interface UsherAuth {
  /** The option `channelAuthorization` of pusher-js. */
  readonly channelAuthorization: {
    readonly customHandler: (
      request: { readonly socketId: string; readonly channelName: string },
      callback: AuthCallback<ChannelSignature>,
    ) => void;
  };
  /** The option `userAuthentication` of pusher-js and Echo. */
  readonly userAuthentication: {
    readonly customHandler: (
      request: { readonly socketId: string },
      callback: AuthCallback<UserSignature>,
    ) => void;
    /** Echo’s types require both. Echo writes its own headers here, which are not sent. */
    readonly endpoint: string;
    readonly headers: Record<string, string>;
  };
  /** The option `authorizer` of Echo. It also attaches the pusher-js object of the channel. */
  readonly authorizer: (channel: ChannelLike & { readonly pusher: PusherLike }) => {
    authorize(socketId: string, callback: AuthCallback<ChannelSignature>): void;
  };
  /**
   * Watches the connection of this object and returns the object. Without it, pusher-js does not reconnect after its
   * credential ended, and a channel is not retried after its error.
   */
  readonly attach: <Pusher extends PusherLike>(pusher: Pusher) => Pusher;
  /**
   * Opens all attached connections again after a login. All channels are authorized again: with fresh headers of
   * `refresh`, if there is one and `headers` is not a function, and never with those that `refresh` returned before.
   */
  readonly resume: () => void;
}
