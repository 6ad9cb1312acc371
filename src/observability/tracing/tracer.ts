/** What a span says of itself: ids and fixed words, nothing that was presented. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A request from outside, followed until it ends. */
export interface RequestSpan {
  /** Does work that belongs to the request: what that asks of others becomes spans below it. */
  readonly run: <T>(work: () => T) => T;
  /** Ends it, as often as one likes; `failed` when we are to blame. */
  readonly end: (outcome: {
    readonly attributes: SpanAttributes;
    readonly failed: boolean;
  }) => void;
}

/** Tells a collector of traces what each request was waiting for. */
export interface Tracing {
  /** Follows a request under the trace of whoever sent it (`traceparent`, W3C Trace Context). */
  readonly startRequest: (
    name: string,
    request: { readonly attributes: SpanAttributes; readonly traceparent: string | undefined },
  ) => RequestSpan;
  /** Sends what has not been sent, for a second at most. Never rejects. */
  readonly close: () => Promise<void>;
}
