import { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';

export interface TracingConfig {
  readonly url: Secret;
  readonly serviceName: string;
}

/**
 * Reads the address of traces: a path below the address of the collector, or a full address (OpenTelemetry, "OTLP Exporter
 * Configuration"). Returns `undefined` without a collector.
 */
export function loadTracing(read: SettingsReader): TracingConfig | undefined {
  const serviceName = read.required('OTEL_SERVICE_NAME');
  const own = read.optional('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (own !== undefined) return { url: own, serviceName };
  const collector = read.optional('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (collector === undefined) return undefined;
  const url = new URL(collector.reveal());
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return { url: new Secret(url.href), serviceName };
}
