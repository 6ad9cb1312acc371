/** What a span says of itself: ids and fixed words, nothing that was presented. */
export type SpanFacts = Readonly<Record<string, string | number>>;

/** A request from outside, followed until it ends. */
export interface FollowedRequest {
  /** Does work that belongs to the request: what that asks of others becomes spans below it. */
  readonly run: <T>(work: () => T) => T;
  /** Ends it, as often as one likes; `failed` when we are to blame. */
  readonly end: (outcome: { readonly facts: SpanFacts; readonly failed: boolean }) => void;
}

/** Tells a collector of traces what each request was waiting for. */
export interface Tracing {
  /** Follows a request under the trace of whoever sent it (`traceparent`, W3C Trace Context). */
  readonly follow: (
    name: string,
    request: { readonly facts: SpanFacts; readonly traceparent: string | undefined },
  ) => FollowedRequest;
  /** Sends what has not been sent, for a second at most. Never rejects. */
  readonly close: () => Promise<void>;
}
