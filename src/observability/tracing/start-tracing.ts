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

/** Exports spans to the collector in the background; spans that it does not accept in time are dropped. */
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

/** The caller's trace. Its `tracestate` is not used: it is untrusted text. */
function contextOf(traceparent: string | undefined): Context {
  const parent = traceparent === undefined ? null : parseTraceParent(traceparent);
  return parent === null
    ? ROOT_CONTEXT
    : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function openSpan(tracer: Tracer, parent: Span): OpenSpan {
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  return {
    run: (name, work, attributesOf) => {
      // An open WebSocket is revalidated for hours after its handshake, when the span of the request has ended.
      if (!parent.isRecording()) return work();
      const span = tracer.startSpan(name, {}, context);
      return endWith(span, () => runWithin(openSpan(tracer, span), work), attributesOf);
    },
  };
}

function endWith<T>(
  span: Span,
  work: () => T,
  attributesOf: ((result: Awaited<T>) => SpanAttributes) | undefined,
): T {
  const succeed = (result: Awaited<T>): void => {
    if (attributesOf) span.setAttributes({ ...attributesOf(result) });
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

/** Sets only the names of the error and of the dependency: its message may quote the request. */
function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
  if (error instanceof Unavailable) span.setAttribute('usher.dependency', error.dependency);
  span.end();
}
