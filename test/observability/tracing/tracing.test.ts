import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startJwksServer } from '../../authn/jwt/jwks-server.ts';
import { send, guestRequest, userRequest } from '../../http/requests.ts';
import { getTicket, ticketEnvironment } from '../../http/ticket-requests.ts';
import { makeDataDir } from '../../support/instance.ts';
import { logLines, startProgram } from '../../support/program.ts';
import { keyToken, testSecret, userClaims } from '../../support/tokens.ts';
import {
  allowedOrigin,
  guestSecret,
  guestToken,
  pusherApp,
  startUsher,
  testEnvironment,
  userToken,
} from '../../support/usher.ts';
import { openClient, tryClient } from '../../support/web-socket.ts';
import { ticketMessage } from '../../websocket/test-endpoint.ts';
import { startCollector, type SentSpan, type TestCollector } from './collector.ts';

/** The spans that a collector received from an Usher that ran this and has ended. */
async function traceOf(
  work: (address: string) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<TestCollector> {
  const collector = await startCollector();
  onTestFinished(collector.stop);
  const usher = await startUsher({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...environment });
  try {
    await work(usher.public);
  } finally {
    await usher.stop();
  }
  return collector;
}

const namesBelow = (parent: SentSpan, spans: readonly SentSpan[]) =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId).map(({ name }) => name);

const onlySpan = (name: string, spans: readonly SentSpan[]) => {
  const found = spans.filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!;
};

const guestRoute = 'POST /api/guest/hotel/:hotel/chat/pusher/auth';

describe('a request', () => {
  it('is a span in the trace of its sender, with its lookups as child spans', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    let decisionId: string | null = null;
    const collector = await traceOf(async (address) => {
      const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
      const response = await send(address, guestRequest({ headers: { traceparent } }));
      expect(response.status).toBe(200);
      decisionId = response.headers.get('x-decision-id');
    });
    const spans = collector.spans();
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const request = onlySpan(guestRoute, spans);
    expect(request).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      kind: 2,
      facts: {
        'http.request.method': 'POST',
        'http.route': '/api/guest/hotel/:hotel/chat/pusher/auth',
        'http.response.status_code': 200,
        'usher.decision_id': decisionId,
      },
    });
    expect(namesBelow(request, spans)).toEqual(['decide subscribe', 'sign']);
    const below = namesBelow(onlySpan('decide subscribe', spans), spans);
    expect(below).toEqual(
      expect.arrayContaining(['credential guest-token', 'revocations', 'fact booking', 'audit']),
    );
    expect(onlySpan('audit', spans).facts).toMatchObject({
      'usher.decision_id': decisionId,
      'usher.outcome': 'grant',
      'usher.family': 'private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}',
    });
    expect([...collector.services()]).toEqual(['usher']);
    expect([...collector.paths()]).toEqual(['/v1/traces']);
  });

  it('that is refused has the code, and so does each channel of a batch', async () => {
    const collector = await traceOf(async (address) => {
      const channels = ['private-tenant.1.user.15', 'private-tenant.1.user.16'];
      const body = JSON.stringify({ socket_id: '1.2', channel_name: channels });
      const headers = { ...userRequest().headers, 'content-type': 'application/json' };
      expect((await send(address, { path: '/pusher/auth/batch', headers, body })).status).toBe(200);
    });
    const audits = collector.spans().filter(({ name }) => name === 'audit');
    const codes = audits.map(({ facts }) => facts['usher.code'] ?? 'none');
    expect(codes.toSorted()).toEqual(['none', 'not-allowed']);
  });

  it('that becomes a WebSocket is one span until it closes', async () => {
    const collector = await traceOf(async (address) => {
      const client = await openClient(address, '/ws');
      client.socket.send(ticketMessage(await getTicket(address)));
      expect(await client.nextJson()).toMatchObject({ type: 'authentication_success' });
      client.socket.close();
      await client.closed;
    }, ticketEnvironment);
    expect(onlySpan('GET /ws', collector.spans()).facts).toMatchObject({
      'http.response.status_code': 101,
    });
  });

  it('that fails because of a dependency contains its name, and is an error', async () => {
    const host = await startJwksServer();
    onTestFinished(host.close);
    host.respondWith((_request, response) => response.writeHead(500).end());
    const { privateKey } = generateKeyPairSync('ed25519');
    const token = keyToken(userClaims(), { alg: 'EdDSA' }, privateKey);
    const collector = await traceOf(
      async (address) => {
        const headers = { authorization: `Bearer ${token}` };
        expect((await send(address, userRequest({ headers }))).status).toBe(503);
      },
      { USER_TOKEN_SECRET: '', USER_TOKEN_JWKS_URL: host.url.href },
    );
    const spans = collector.spans();
    const failed = { status: { code: 2 } };
    expect(onlySpan('POST /broadcasting/auth', spans)).toMatchObject(failed);
    expect(onlySpan('credential bearer', spans)).toMatchObject({
      ...failed,
      facts: { 'error.type': 'Unavailable', 'usher.dependency': 'token keys' },
    });
  });

  it('whose sender does not sample its trace is not exported', async () => {
    const collector = await traceOf(async (address) => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
      expect((await send(address, userRequest({ headers: { traceparent } }))).status).toBe(200);
      expect((await send(address, userRequest({ headers: { traceparent: 'none' } }))).status).toBe(
        200,
      );
    });
    expect(onlySpan('decide subscribe', collector.spans()).traceId).not.toMatch(/^0af7/);
  });

  it('ends when the client disconnects, and when a handshake is refused', async () => {
    const host = await startJwksServer();
    onTestFinished(host.close);
    const pending = new Promise<ServerResponse>((resolve) => {
      host.respondWith((_request, response) => {
        resolve(response);
      });
    });
    const cookie = { cookie: 'sessionid=abc', origin: allowedOrigin };
    const collector = await traceOf(
      async (address) => {
        const leaving = new AbortController();
        const { signal } = leaving;
        const hasLeft = fetch(`${address}/api/channels`, { headers: cookie, signal });
        const response = await pending;
        leaving.abort();
        await expect(hasLeft).rejects.toThrow('abort');
        expect(await tryClient(address, '/ws/chat/')).toMatchObject({ status: 401 });
        response.writeHead(401).end();
      },
      {
        SESSION_MODE: 'introspect',
        SESSION_INTROSPECTION_URL: host.url.href,
        SESSION_WS_UPSTREAM: 'ws://127.0.0.1:1',
      },
    );
    const spans = collector.spans();
    expect(onlySpan('GET /api/channels', spans).facts).toMatchObject({ 'error.type': 'hung up' });
    const upgrade = onlySpan('GET /ws/chat/', spans).facts;
    expect(upgrade['http.response.status_code']).toBe(401);
  });

  it('contains no credential and no identity', async () => {
    const tokens = [guestToken(), userToken()];
    const collector = await traceOf(async (address) => {
      const headers = {
        'user-agent': 'their-browser',
        tracestate: 'their=state',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        cookie: 'sessionid=their-cookie',
      };
      await send(
        address,
        guestRequest({
          headers,
          path: `/api/guest/hotel/their-hotel/chat/pusher/auth?token=${tokens[0]}`,
        }),
      );
      await send(
        address,
        userRequest({ headers, fields: { channel_name: 'private-their-channel' } }),
      );
      await send(address, { path: '/their/path?token=their-query', headers });
    });
    expect(collector.spans().length).toBeGreaterThan(5);
    const secrets = [...tokens, guestSecret, testSecret.reveal(), pusherApp.secret];
    for (const secret of secrets) expect(collector.raw()).not.toContain(secret);
    expect(collector.raw()).not.toMatch(/their|127\.0\.0\.1"|BK-2025/);
  });
});

describe('a collector', () => {
  const elapsed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };

  it.each([
    ['hangs', hanging],
    ['is unreachable', freeAddress],
  ])('that %s delays neither requests nor the shutdown', async (_fault, start) => {
    const usher = await startUsher({ OTEL_EXPORTER_OTLP_ENDPOINT: await start() });
    // More than one batch of spans, so that one is being sent while others are created.
    for (let i = 0; i < 100; i += 1) {
      expect((await send(usher.public, userRequest())).status).toBe(200);
    }
    // It is given a second; without that, a batch would have ten.
    expect(await elapsed(usher.stop)).toBeLessThan(8_000);
  });

  it('that does not respond does not prevent the process from exiting', async () => {
    const { dataDir, remove } = await makeDataDir();
    onTestFinished(remove);
    const program = await startProgram('src/main.ts', {
      env: {
        ...testEnvironment,
        LOG_LEVEL: 'info',
        DATA_DIR: dataDir,
        OTEL_EXPORTER_OTLP_ENDPOINT: await hanging(),
      },
    });
    await program.until('"listening"');
    const line = logLines(program.stdout()).find(({ msg }) => msg === 'listening');
    await send((line as { readonly public: string }).public, userRequest());
    program.signal('SIGTERM');
    await program.until('"closed"');
    expect(await elapsed(() => program.ended)).toBeLessThan(8_000);
    expect(await program.ended).toBe(0);
    expect(program.stdout()).not.toContain('unhandled');
  });

  it('with a configured path and name receives spans at that path, under that name', async () => {
    const collector = await startCollector();
    onTestFinished(collector.stop);
    const usher = await startUsher({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/elsewhere`,
      OTEL_SERVICE_NAME: 'doorkeeper',
    });
    await send(usher.public, userRequest());
    await usher.stop();
    expect([...collector.paths(), ...collector.services()]).toEqual(['/elsewhere', 'doorkeeper']);
  });
});

/** The address of a collector that accepts connections and does not respond. */
async function hanging(): Promise<string> {
  const collector = await startCollector({ responds: false });
  onTestFinished(collector.stop);
  return collector.url;
}

/** An address without a listener. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
