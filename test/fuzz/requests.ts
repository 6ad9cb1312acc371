import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createOracle, mayEnter, signaturesIn, type Who } from '../support/oracle.ts';
import { mutated, textNear } from './mutations.ts';
import { defineTarget, type Target } from './target.ts';
import { exchange, type WireAnswer } from './wire.ts';
import { fuzzed, type Shown } from './world.ts';

/** What was seen of a service. */
export interface Seen {
  answers: number;
  /** Good signatures; without any, nothing would have been tried. */
  signatures: number;
  forged: number;
  broken: number;
}

const guestChat = '/api/guest/hotel/grand-hotel/chat/pusher/auth';
const routes = [
  ...['/broadcasting/auth', '/api/broadcasting/auth', '/pusher/auth', '/api/tenants/1/pusher/auth'],
  ...[
    '/broadcasting/user-auth',
    '/pusher/user-auth',
    '/pusher/auth/batch',
    '/broadcasting/auth/batch',
  ],
  ...['/api/channels', '/api/websocket/ticket', '/api/websocket/ticket/redeem', '/pusher/webhooks'],
  ...['/api/guest-sessions/link', '/api/guest-sessions/current', '/ws', '/nowhere'],
];
const channels = [...new Set(Object.values(mayEnter).flat())];

/** The parts of a request, good ones mostly. */
const parts = fc.record({
  who: fc.constantFrom(...(Object.keys(mayEnter) as Who[])),
  path: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...routes) }, mutated(...routes)),
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constant('POST') },
    fc.constantFrom('GET', 'DELETE', 'PUT', 'OPTIONS'),
  ),
  socket: fc.oneof({ weight: 3, arbitrary: fc.constant('1234.5678') }, textNear('1234.5678')),
  channel: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...channels) },
    { weight: 2, arbitrary: mutated(...channels) },
    fc.string({ unit: 'binary' }),
  ),
  own: fc.boolean(),
  tenant: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, mutated('1', '2')),
  json: fc.boolean(),
  fields: fc.array(
    fc.tuple(
      textNear(
        'channel_name',
        'socket_id',
        'channel_name[0]',
        'guest_session',
        'ticket',
        'token',
        'userId',
      ),
      textNear('1.2', ...channels),
    ),
    { maxLength: 2 },
  ),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom(
        'Origin',
        'X-Request-Id',
        'User-Agent',
        'X-Tenant-ID',
        'X-Guest-Session',
        'X-Chat-Server-Key',
        'X-Chat-Server-Secret',
        'X-Pusher-Key',
        'X-Pusher-Signature',
        'Cookie',
        'X-Forwarded-For',
        'Upgrade',
        'Expect',
        'Content-Type',
        'Transfer-Encoding',
        'Authorization',
      ),
      textNear(
        'https://app.example',
        'websocket',
        'chat',
        fuzzed.app.key,
        'a'.repeat(64),
        'chunked',
        `guest_${'0'.repeat(64)}`,
        '203.0.113.7',
      ),
    ),
    { maxLength: 2 },
  ),
});
type Parts = typeof parts extends fc.Arbitrary<infer Value> ? Value : never;

const oneLine = (text: string) => text.replace(/[\r\n]/g, ' ');
const wire = (text: string) => Buffer.from(text).toString('latin1');

/** The request as it goes over the wire, one character a byte. */
function requestOf(made: Parts, credentials: Readonly<Record<Who, Shown>>): string {
  const { who, method, socket, json } = made;
  const { token, tenant } = credentials[who];
  const isGuest = who === 'guest of the hotel';
  const path = isGuest && made.own ? guestChat : made.path;
  const channel = made.own
    ? (mayEnter[who][made.socket.length % Math.max(1, mayEnter[who].length)] ?? '')
    : made.channel;
  const isBatch = path.endsWith('batch');
  const name = isBatch && !json ? 'channel_name[0]' : 'channel_name';
  const fields: (readonly [string, unknown])[] = [
    ['socket_id', socket],
    [name, isBatch && json ? [channel, ...channels] : channel],
    ...(isGuest ? [['token', token] as const] : []),
    ...made.fields,
  ];
  const body = json
    ? `{${fields.map((pair) => pair.map((each) => JSON.stringify(each)).join(':')).join(',')}}`
    : fields
        .map((pair) =>
          pair.map((each) => encodeURIComponent(Buffer.from(String(each)).toString())).join('='),
        )
        .join('&');
  const lines = [
    `${method} ${encodeURI(Buffer.from(path).toString()).replace(/%25/g, '%')} HTTP/1.1`,
    'Host: usher',
    ...(isGuest || token === '' ? [] : [`Authorization: Bearer ${token}`]),
    `X-Tenant-ID: ${oneLine(made.tenant ?? tenant)}`,
    `Content-Type: application/${json ? 'json' : 'x-www-form-urlencoded'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...made.headers.map(([header, value]) => `${header}: ${oneLine(value)}`),
    'Connection: close',
  ];
  return wire(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Everything in a request that could be read as a socket id, in whatever way it is written. */
function socketsIn(request: string): readonly string[] {
  const unescaped = request.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
  const decoded = unescaped.replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
  return [request, unescaped, decoded].flatMap((text) => text.match(/[0-9]+\.[0-9]+/g) ?? []);
}

/** What every refusal looks like, on one route or another. */
function isErrorBody(text: string): boolean {
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const names = Object.keys(body).join();
  const shapes = ['error,message,request_id', 'error,message', 'success,error'];
  return shapes.includes(names) || text === '{"error":"Missing required parameters"}';
}

/** A target that sends whole requests to a running service, and judges every answer. */
export function requestTarget(
  address: string,
  credentials: Readonly<Record<Who, Shown>>,
  seen: Seen,
): Target {
  const oracle = createOracle(fuzzed.app);
  const judge = (who: Who, request: string, { status, head, text }: WireAnswer) => {
    seen.answers += 1;
    if (status >= 500) seen.broken += 1;
    assert.ok(status < 500, `answered ${status}: ${text}`);
    // Node itself answers a request without a host, and an expectation that nobody can meet (RFC 9110 §10.1.1).
    if ((status === 400 || status === 417) && text === '') return;
    if (status >= 400) {
      assert.ok(isErrorBody(text), `no error body of ours: ${status} ${text}`);
      assert.match(head, /\r\nx-request-id: [\w.-]+/);
    }
    if (status !== 200) {
      assert.deepEqual(signaturesIn(text), []);
      return;
    }
    const forged = oracle.forged(text, { who, sockets: socketsIn(request), signIn: true });
    seen.forged += forged.length;
    assert.deepEqual(forged, [], `a signature that should not exist: ${text}`);
    seen.signatures += signaturesIn(text).length;
  };
  const input = parts.chain((made) => {
    const request = requestOf(made, credentials);
    return fc.oneof(fc.constant(request), mutated(request)).map((text) => ({
      who: made.who,
      request: text.replace(/[^\0-\xff]/gu, wire),
    }));
  });
  return defineTarget({
    name: 'whole requests',
    input,
    longest: 30_000,
    holds: async ({ who, request }) => {
      for (const answer of await exchange(address, Buffer.from(request, 'latin1'))) {
        judge(who, request, answer);
      }
    },
  });
}
