import { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';

/** Which collector is told of traces, and under which name. */
export interface TracingConfig {
  readonly url: Secret;
  readonly serviceName: string;
}

/**
 * Reads where traces go: a path below the collector's address, or an address of their own (OpenTelemetry, "OTLP Exporter
 * Configuration"); `undefined` where nobody collects them.
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
