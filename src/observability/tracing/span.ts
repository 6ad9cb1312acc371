import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanAttributes } from './tracer.ts';

/** An open span, which runs work in a child span. */
export interface OpenSpan {
  readonly run: <T>(
    name: string,
    work: () => T,
    attributesOf?: (result: Awaited<T>) => SpanAttributes,
  ) => T;
}

const openSpan = new AsyncLocalStorage<OpenSpan>();

/** Runs work in a child span of the current request; without tracing it only runs it. */
export function withSpan<T>(
  name: string,
  work: () => T,
  attributesOf?: (result: Awaited<T>) => SpanAttributes,
): T {
  const span = openSpan.getStore();
  return span === undefined ? work() : span.run(name, work, attributesOf);
}

/** Runs work in this span, so that spans of the work are its children. */
export function runWithin<T>(span: OpenSpan, work: () => T): T {
  return openSpan.run(span, work);
}
