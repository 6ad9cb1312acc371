import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as OTLP writes it in JSON. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly status: { readonly code?: number };
}

interface Otlp {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<SentSpan, 'facts'> & { attributes: OtlpAttribute[] })[];
    }[];
  }[];
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}

/** A collector that records the spans that it received. */
export interface TestCollector {
  readonly url: string;
  readonly spans: () => readonly SentSpan[];
  /** All received bodies, with their headers. */
  readonly raw: () => string;
  readonly paths: () => ReadonlySet<string>;
  readonly services: () => ReadonlySet<string>;
  readonly stop: () => void;
}

/** Starts a collector on its own port. With `responds: false` it accepts data and does not respond. */
export async function startCollector({ responds = true } = {}): Promise<TestCollector> {
  const bodies: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    void text(request).then(
      (body) => {
        bodies.push(body);
        if (responds) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      },
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const parsed = () => bodies.flatMap((body) => (JSON.parse(body) as Otlp).resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () =>
      parsed()
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
        .map(({ attributes, ...span }) => ({ ...span, facts: factsOf(attributes) })),
    raw: () => JSON.stringify([bodies, requests.map(({ rawHeaders, url }) => [rawHeaders, url])]),
    paths: () => new Set(requests.map(({ url = '' }) => url)),
    services: () =>
      new Set(parsed().map(({ resource }) => String(factsOf(resource.attributes)['service.name']))),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function factsOf(attributes: readonly OtlpAttribute[]): SentSpan['facts'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}
