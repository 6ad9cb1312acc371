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

/** Where spans go, by OTLP over HTTP in JSON. */
export interface CollectorSettings {
  readonly url: Secret;
  readonly serviceName: string;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** How long one batch may take, retries included, in milliseconds: it outlives our end by as much. */
const exportTimeoutMs = 2_000;

/** How long our end waits for the last batch, in milliseconds. */
const shutdownTimeoutMs = 1_000;

/** Opens a collector. It may be away: its spans are dropped then, and that is logged once. */
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

/** One line for an outage, not one for each batch. Its error is not told: it may hold the address, or what the collector said. */
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
              ? 'traces are dropped: the collector does not take them'
              : 'traces are kept again',
          );
        }
        isOut = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
