import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tracer } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Secret } from '../../runtime/secret.ts';

/** An OpenTelemetry collector (OTLP over HTTP, JSON). */
export interface CollectorSettings {
  readonly url: Secret;
  readonly serviceName: string;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** The timeout of a batch, including retries. It may continue so long after a shutdown. */
const exportTimeoutMs = 2_000;

/** The timeout of the last batch at a shutdown. */
const shutdownTimeoutMs = 1_000;

/** If the collector is unavailable, spans are dropped and this is logged once. */
export function openCollector({ url, serviceName, log }: CollectorSettings): {
  readonly tracer: Tracer;
  readonly close: () => Promise<void>;
} {
  const address = url.reveal();
  const agent = new (address.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const exporter = new OTLPTraceExporter({
    url: address,
    timeoutMillis: exportTimeoutMs,
    httpAgentOptions: () => agent,
  });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(reportOutages(exporter, log))],
  });
  return {
    tracer: provider.getTracer('usher'),
    close: async () => {
      const waiting = new AbortController();
      const late = sleep(shutdownTimeoutMs, undefined, { signal: waiting.signal });
      await Promise.race([provider.shutdown(), late]).catch(() => undefined);
      waiting.abort();
      agent.destroy();
    },
  };
}

/** Logs one line per outage. The error is not logged: it may contain the address or text of the collector. */
function reportOutages(exporter: SpanExporter, log: CollectorSettings['log']): SpanExporter {
  let isOut = false;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed !== isOut) {
          log.warn(
            {},
            failed
              ? 'traces are dropped: the collector does not accept them'
              : 'traces are exported again',
          );
        }
        isOut = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
