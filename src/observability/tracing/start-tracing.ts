import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import type { SpanAttributes, Tracing } from './tracer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { runWithin, type OpenSpan } from './span.ts';
import { openCollector, type CollectorSettings } from './collector.ts';

/** Starts sending spans to the collector. No request waits for it, and spans that it does not take in time are dropped. */
export function startTracing(settings: CollectorSettings): Tracing {
  const { tracer, close } = openCollector(settings);
  return {
    close,
    startRequest: (name, { attributes, traceparent }) => {
      const options = { kind: SpanKind.SERVER, attributes: { ...attributes } };
      const span = tracer.startSpan(name, options, contextOf(traceparent));
      const open = openSpan(tracer, span);
      return {
        run: (work) => runWithin(open, work),
        end: (outcome) => {
          span.setAttributes({ ...outcome.attributes });
          if (outcome.failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
}

/** The caller's trace. Its `tracestate` is left where it is: that is text of a stranger. */
function contextOf(traceparent: string | undefined): Context {
  const parent = traceparent === undefined ? null : parseTraceParent(traceparent);
  return parent === null
    ? ROOT_CONTEXT
    : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function openSpan(tracer: Tracer, parent: Span): OpenSpan {
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  return {
    run: (name, work, factsOf) => {
      // An open WebSocket is revalidated for hours after its handshake: that belongs to no request any more.
      if (!parent.isRecording()) return work();
      const span = tracer.startSpan(name, {}, context);
      return endWith(span, () => runWithin(openSpan(tracer, span), work), factsOf);
    },
  };
}

/** Runs work, and ends its span with the result. */
function endWith<T>(
  span: Span,
  work: () => T,
  factsOf: ((result: Awaited<T>) => SpanAttributes) | undefined,
): T {
  const succeed = (result: Awaited<T>): void => {
    if (factsOf) span.setAttributes({ ...factsOf(result) });
    span.end();
  };
  try {
    const result = work();
    if (result instanceof Promise) {
      void result.then(succeed, (error: unknown) => {
        fail(span, error);
      });
    } else succeed(result as Awaited<T>);
    return result;
  } catch (error) {
    fail(span, error);
    throw error;
  }
}

/** The names of an error and of a dependency: its message may quote what was sent. */
function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
  if (error instanceof Unavailable) span.setAttribute('usher.dependency', error.dependency);
  span.end();
}
