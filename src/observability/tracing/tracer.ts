/** Attributes of a span: ids and constants, no part of a credential. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** The span of an incoming request. */
export interface RequestSpan {
  /** Runs the work of the request; its dependency calls become child spans. */
  readonly run: <T>(work: () => T) => T;
  /** Ends the span; idempotent. `failed`: an error of Usher, not of the client. */
  readonly end: (outcome: {
    readonly attributes: SpanAttributes;
    readonly failed: boolean;
  }) => void;
}

export interface Tracing {
  /** Starts a span as a child of the caller's trace (`traceparent`, W3C Trace Context). */
  readonly startRequest: (
    name: string,
    request: { readonly attributes: SpanAttributes; readonly traceparent: string | undefined },
  ) => RequestSpan;
  /** Exports the remaining spans within a second. Never rejects. */
  readonly close: () => Promise<void>;
}
