import fc from 'fast-check';
import { mayEnter, type Caller } from '../support/oracle.ts';
import { mutated, textNear } from './mutations.ts';
import { fuzzed, type CallerCredentials } from './world.ts';

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

/** The parts of a request, mostly valid ones. */
export const requestParts = fc.record({
  who: fc.constantFrom(...(Object.keys(mayEnter) as Caller[])),
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
  /** Whether the request is for a channel of the caller, and for which. */
  own: fc.boolean(),
  pick: fc.nat(11),
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
type RequestParts = typeof requestParts extends fc.Arbitrary<infer Value> ? Value : never;

/** Half a surrogate pair has no UTF-8. */
const asUtf8 = (text: string) => Buffer.from(text).toString();
const oneLine = (text: string) => text.replace(/[\r\n]/g, ' ');
/** A text as its bytes go over the wire, one character each. */
export const onTheWire = (text: string) => Buffer.from(text).toString('latin1');

/** The bytes of a request, one per character. */
export function requestText(
  made: RequestParts,
  credentials: Readonly<Record<Caller, CallerCredentials>>,
): string {
  const { token, tenant } = credentials[made.who];
  const isGuest = made.who === 'guest of the hotel';
  const path = isGuest && made.own ? guestChat : made.path;
  const fields = [...fieldsOf(made, path), ...(isGuest ? [['token', token] as const] : [])];
  const body = made.json ? jsonOf(fields) : formOf(fields);
  const lines = [
    `${made.method} ${encodeURI(asUtf8(path)).replace(/%25/g, '%')} HTTP/1.1`,
    'Host: usher',
    ...(isGuest || token === '' ? [] : [`Authorization: Bearer ${token}`]),
    `X-Tenant-ID: ${oneLine(made.tenant ?? tenant)}`,
    `Content-Type: application/${made.json ? 'json' : 'x-www-form-urlencoded'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...made.headers.map(([header, value]) => `${header}: ${oneLine(value)}`),
    'Connection: close',
  ];
  return onTheWire(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

type Field = readonly [name: string, value: string | readonly string[]];

function fieldsOf(made: RequestParts, path: string): readonly Field[] {
  const own = mayEnter[made.who];
  const channel = made.own ? (own[made.pick % own.length] ?? '') : made.channel;
  const socket = ['socket_id', made.socket] as const;
  if (!path.endsWith('batch')) return [socket, ['channel_name', channel], ...made.fields];
  const many: Field = made.json
    ? ['channel_name', [...new Set([channel, ...channels])]]
    : ['channel_name[0]', channel];
  return [socket, many, ...made.fields];
}

/** Not by way of an object, which would hold each name once. */
const jsonOf = (fields: readonly Field[]) =>
  `{${fields.map((pair) => pair.map((each) => JSON.stringify(each)).join(':')).join(',')}}`;

const formOf = (fields: readonly Field[]) =>
  fields
    .map((pair) => pair.map((each) => encodeURIComponent(asUtf8(String(each)))).join('='))
    .join('&');
