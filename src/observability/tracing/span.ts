import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanAttributes } from './tracer.ts';

/** A span that is open, and runs work as a span below it. */
export interface OpenSpan {
  readonly run: <T>(
    name: string,
    work: () => T,
    factsOf?: (result: Awaited<T>) => SpanAttributes,
  ) => T;
}

const openSpan = new AsyncLocalStorage<OpenSpan>();

/** Runs work as a span of the request that is under way; without tracing it just runs. */
export function withSpan<T>(
  name: string,
  work: () => T,
  factsOf?: (result: Awaited<T>) => SpanAttributes,
): T {
  const span = openSpan.getStore();
  return span === undefined ? work() : span.run(name, work, factsOf);
}

/** Runs work within this span, so that spans which it starts are below it. */
export function runWithin<T>(span: OpenSpan, work: () => T): T {
  return openSpan.run(span, work);
}
