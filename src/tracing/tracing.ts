import { AsyncLocalStorage } from 'node:async_hooks';
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
import type { SpanFacts, Tracing } from '../core/tracing.ts';
import { Unavailable } from '../core/unavailable.ts';
import { openCollector, type CollectorSettings } from './collector.ts';

/** Starts telling the collector; nothing waits for it, and what it does not take in time is dropped. */
export function startTracing(settings: CollectorSettings): Tracing {
  const { tracer, close } = openCollector(settings);
  const underWay = new AsyncLocalStorage<Context>();
  return {
    close,
    follow: (name, { facts, traceparent }) => {
      const options = { kind: SpanKind.SERVER, attributes: { ...facts } };
      const span = tracer.startSpan(name, options, contextOf(traceparent));
      const context = trace.setSpan(ROOT_CONTEXT, span);
      return {
        run: (work) => underWay.run(context, work),
        end: (outcome) => {
          span.setAttributes({ ...outcome.facts });
          if (outcome.failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    span: (name, work, factsOf) => {
      const context = underWay.getStore();
      // An open WebSocket is asked about for hours after its handshake: those questions are of no request any more.
      if (context === undefined || trace.getSpan(context)?.isRecording() !== true) return work();
      return within({ tracer, underWay }, { name, context }, { work, factsOf });
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

interface Work<T> {
  readonly work: () => T;
  readonly factsOf: ((answer: Awaited<T>) => SpanFacts) | undefined;
}

function within<T>(
  { tracer, underWay }: { readonly tracer: Tracer; readonly underWay: AsyncLocalStorage<Context> },
  { name, context }: { readonly name: string; readonly context: Context },
  { work, factsOf }: Work<T>,
): T {
  const span = tracer.startSpan(name, {}, context);
  const answered = (answer: Awaited<T>): void => {
    if (factsOf) span.setAttributes({ ...factsOf(answer) });
    span.end();
  };
  const failed = (error: unknown): void => {
    fail(span, error);
  };
  try {
    const answer = underWay.run(trace.setSpan(ROOT_CONTEXT, span), work);
    if (answer instanceof Promise) void answer.then(answered, failed);
    else answered(answer as Awaited<T>);
    return answer;
  } catch (error) {
    failed(error);
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
