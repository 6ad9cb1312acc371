import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/read.ts';
import { createTestDatabase, withClient } from '../../support/database.ts';
import { freePort } from '../../support/free-port.ts';
import { runInProcess } from '../../support/command-line.ts';
import { startUsher, testEnvironment, useUsher } from '../../support/usher.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('usher doctor on the demo', () => {
  it('reports that there is no Pusher server, and does not fail', async () => {
    const development = {
      NODE_ENV: 'development',
      PUSHER_APP_ID: '',
      PUSHER_KEY: '',
      PUSHER_SECRET: '',
      ALLOWED_ORIGINS: '',
      GUEST_TOKEN_SECRET: '',
      USER_TOKEN_SECRET: '',
    };
    const usher = await startUsher(development);
    onTestFinished(usher.stop);
    usher.clock.now = Date.now();
    const { code, stdout, stderr } = await runInProcess(['doctor', '--url', usher.public]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('✗');
    expect(stdout).toMatch(
      /^– the Pusher server accepts WebSocket connections: the demo has no Pusher server; PUSHER_/,
    );
    expect(stdout).toContain('✓ the channel is granted\n');
  });
});

describe('usher doctor checks each server that the configuration names', () => {
  const usher = useUsher();
  /** The result for a setting. */
  const resultOf = async (setting: string, changes: Environment) => {
    const env = { ...testEnvironment, PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '1', ...changes };
    const { stdout, stderr } = await runInProcess(['doctor', '--url', usher.public], env);
    expect(stdout + stderr).not.toContain('hidden');
    const [, found] = stdout.split(new RegExp(`^(?=[✓✗–] ${setting}[ :\\n])`, 'm'));
    return found?.split(/^(?=[✓✗–])/m)[0]?.trimEnd();
  };
  const passing = (setting: string) => `✓ ${setting} names an available server`;
  const failing = (setting: string, why: RegExp) =>
    expect.stringMatching(
      new RegExp(
        `^✗ ${setting} names an available server\n {4}It cannot be used: ${why.source}.*\n {4}Correct ${setting}`,
      ),
    ) as unknown;
  const jwks = (url: string) => ({ USER_TOKEN_SECRET: '', USER_TOKEN_JWKS_URL: url });
  const introspect = (url: string) => ({
    SESSION_MODE: 'introspect',
    SESSION_INTROSPECTION_URL: url,
  });
  const django = (url: string) => ({
    SESSION_MODE: 'django',
    DJANGO_SECRET_KEY: 'hidden-key',
    DJANGO_DATABASE_URL: url,
  });

  it('its database', async () => {
    const DATABASE_URL = usher.database.reveal();
    expect(await resultOf('DATABASE_URL', { DATABASE_URL })).toBe(passing('DATABASE_URL'));
    const closed = `postgres://u:hidden@127.0.0.1:${await freePort()}/d`;
    expect(await resultOf('DATABASE_URL', { DATABASE_URL: closed })).toEqual(
      failing('DATABASE_URL', /.*ECONNREFUSED/),
    );
    const unknown = 'postgres://u:hidden@nohost.invalid/d';
    expect(await resultOf('DATABASE_URL', { DATABASE_URL: unknown })).toEqual(
      failing('DATABASE_URL', /.*(ENOTFOUND|EAI_AGAIN)/),
    );
  });

  it('its database, with the checks of the start', async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const name = new URL(database.url.reveal()).pathname.slice(1);
    await withClient(usher.database, (client) =>
      client.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`),
    );
    expect(await resultOf('DATABASE_URL', { DATABASE_URL: database.url.reveal() })).toEqual(
      failing('DATABASE_URL', /The database server accepts no writes.*25006.*commas/),
    );
  });

  it('the databases of the application, with the tables that are read', async () => {
    expect(await resultOf('DJANGO_DATABASE_URL', django(usher.database.reveal()))).toEqual(
      failing('DJANGO_DATABASE_URL', /.*42P01/),
    );
    expect(
      await resultOf('SANCTUM_DATABASE_URL', { SANCTUM_DATABASE_URL: usher.database.reveal() }),
    ).toEqual(failing('SANCTUM_DATABASE_URL', /.*42P01/));
  });

  it('the columns of the application, and does not report the connection as failed', async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    await withClient(database.url, (client) =>
      client.query('CREATE TABLE personal_access_tokens (id bigint, token text)'),
    );
    const SANCTUM_DATABASE_URL = database.url.reveal();
    expect(await resultOf('SANCTUM_DATABASE_URL', { SANCTUM_DATABASE_URL })).toMatch(
      /a column is missing.*\n {4}Correct SANCTUM_DATABASE_URL, the settings of its tables and columns, or the permissions of its login\.$/,
    );
  });

  it('each fact by HTTP, with a made-up id', async () => {
    const requests: (string | undefined)[] = [];
    const HOST_URL = await serve(({ url = '', headers }, response) => {
      requests.push(url, headers.authorization);
      const isPage = url.startsWith('/page');
      response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html' }).end('<html>hidden');
    });
    const directory = await mkdtemp(join(tmpdir(), 'usher-doctor-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const fact = (path: string, more = '') =>
      `{ ids: [id], fields: { a: string }, http: { source: host, path: '/${path}/{id}'${more} } }`;
    await writeFile(
      join(directory, 'policy.yaml'),
      `sources: { host: { url: { env: HOST_URL }, token: { env: HOST_TOKEN } } }
facts: { good: ${fact('good')}, page: ${fact('page')}, own: ${fact('own', ', forward: [cookie]')} }
channels: { private-a: { allow: { user: { a: 'true' } } } }`,
    );
    const settings = { POLICY: directory, HOST_URL, HOST_TOKEN: 'hidden' };
    const of = (name: string, changes: Environment = {}) =>
      resultOf(`the source host can be queried for the fact ${name}`, { ...settings, ...changes });
    expect(await of('good')).toBe('✓ the source host can be queried for the fact good');
    expect([...requests].sort()).toEqual([
      ...['/good/usher-check', '/page/usher-check', 'Bearer hidden', 'Bearer hidden'],
    ]);
    expect(await of('page')).toMatch(
      /^✗ .*\n {4}It cannot be used: .*content type.*\n {4}Correct the path, the source or its token; requests that need it get a 503\.$/,
    );
    expect(await of('own')).toMatch(/^– .*: the request needs headers of a visitor/);
    const closed = `http://127.0.0.1:${await freePort()}`;
    // One result for both facts: the one by a cookie is not requested.
    expect(await of('good, fact page', { HOST_URL: closed })).toMatch(
      /^✗ .*\n {4}It cannot be used: /,
    );
    const problem = await resultOf('the sources of the policy have URLs', {
      ...settings,
      HOST_URL: 'ftp://hidden',
    });
    expect(problem).toMatch(/^✗ .*\n {4}.*HOST_URL.*\n {4}Set the variable/);
  });

  it('the issuers of the policy, with the settings of their tokens', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-doctor-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(
      join(directory, 'policy.yaml'),
      `issuers: { own: { kind: user, audience: [usher], keys: { secret: { env: OWN_SECRET } } } }
channels: { private-a: { allow: { user: { a: 'true' } } } }`,
    );
    const name = 'each token fits one issuer, and each setting of tokens has an effect';
    const settings = {
      POLICY: directory,
      OWN_SECRET: 'a-secret-of-this-test-with-32-bytes-or-more',
    };
    expect(await resultOf(name, settings)).toMatch(
      /^✗ .*\n {4}.*policy.yaml:1: the issuer own: has no `issuer`.* a token would fit both\.\n {4}Correct the policy or the settings\.$/,
    );
    const withIssuer = { ...settings, USER_TOKEN_ISSUER: 'https://login.example' };
    expect(await resultOf(name, withIssuer)).toBeUndefined();
  });

  it('Redis', async () => {
    const REDIS_URL = `redis://:hidden@127.0.0.1:${await freePort()}`;
    expect(await resultOf('REDIS_URL', { REDIS_URL })).toEqual(failing('REDIS_URL', /.*/));
  });

  it('key sets', async () => {
    const name = 'USER_TOKEN_JWKS_URL';
    const keys = await serve((_request, response) => {
      response.end(
        '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
      );
    });
    expect(await resultOf(name, jwks(keys))).toBe(passing(name));
    const empty = await serve((_request, response) => {
      response.end('{"keys":[]}');
    });
    expect(await resultOf(name, jwks(empty))).toEqual(
      failing(name, /it has no key that verifies tokens/),
    );
    const gone = await serve((_request, response) => {
      response.writeHead(404).end('hidden');
    });
    expect(await resultOf(name, jwks(gone))).toEqual(
      failing(name, /the response of the JWKS address has status 404/),
    );
    const page = await serve((_request, response) => {
      response.end('<html>hidden');
    });
    expect(await resultOf(name, jwks(page))).toEqual(failing(name, /its response is not JSON/));
    const away = await serve((_request, response) => {
      response.writeHead(302, { location: '/hidden' }).end();
    });
    expect(await resultOf(name, jwks(away))).toEqual(failing(name, /it redirects/));
  });

  it('the introspection address', async () => {
    const name = 'SESSION_INTROSPECTION_URL';
    const respondWith = (status: number, body = '') =>
      serve((_request, response) => {
        response.writeHead(status).end(body);
      });
    expect(await resultOf(name, introspect(await respondWith(401)))).toBe(passing(name));
    expect(await resultOf(name, introspect(await respondWith(500)))).toEqual(
      failing(name, /the response has status 500/),
    );
    expect(await resultOf(name, introspect(await respondWith(200, '{"user_id":"7"}')))).toEqual(
      failing(name, /it accepts a made-up session cookie/),
    );
    expect(await resultOf(name, introspect(`http://127.0.0.1:${await freePort()}`))).toEqual(
      failing(name, /nothing listens.*ECONNREFUSED/),
    );
  });

  it('the introspection endpoint of opaque tokens, with the credentials of the client', async () => {
    const name = 'INTROSPECTION_URL';
    const settings = (url: string) => ({
      INTROSPECTION_URL: url,
      INTROSPECTION_CLIENT_ID: 'usher',
      INTROSPECTION_CLIENT_SECRET: 'hidden',
    });
    const respondWith = (body: string) =>
      serve(({ headers: { authorization } }, response) => {
        const isUsher = authorization === `Basic ${btoa('usher:hidden')}`;
        response.writeHead(isUsher ? 200 : 401).end(body);
      });
    const inactive = await respondWith('{"active":false}');
    expect(await resultOf(name, settings(inactive))).toBe(passing(name));
    const other = { ...settings(inactive), INTROSPECTION_CLIENT_ID: 'other' };
    expect(await resultOf(name, other)).toEqual(failing(name, /the response has status 401/));
    expect(await resultOf(name, settings(await respondWith('{"active":true,"sub":"7"}')))).toEqual(
      failing(name, /it reports a made-up token as active/),
    );
    const page = await respondWith('<html>hidden');
    expect(await resultOf(name, settings(page))).toEqual(
      failing(name, /the response has no active/),
    );
  });

  it('the chat server behind WebSockets', async () => {
    const closed = `ws://127.0.0.1:${await freePort()}`;
    expect(await resultOf('WS_UPSTREAM', { WS_UPSTREAM: closed })).toEqual(
      failing('WS_UPSTREAM', /nothing listens.*ECONNREFUSED/),
    );
  });

  it.each([
    [403, passing('WS_UPSTREAM')],
    // Django Channels behind Daphne, for a path that no consumer has.
    [500, passing('WS_UPSTREAM')],
    [502, failing('WS_UPSTREAM', /it responds to a handshake with 502/)],
  ])('the chat server that responds to a handshake with %i', async (status, expected) => {
    const refusing = await serve((_request, response) => {
      response.writeHead(status).end();
    });
    const settings = { WS_UPSTREAM: refusing.replace('http', 'ws') };
    expect(await resultOf('WS_UPSTREAM', settings)).toEqual(expected);
  });

  it('the servers behind WebSocket endpoints of the policy', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-doctor-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(
      join(directory, 'policy.yaml'),
      `channels: { private-desk: { allow: { visitor: { a: visitor.is_staff } } } }
doors: { /ws/desk: { channel: private-desk, upstream: { env: DESK_UPSTREAM } } }`,
    );
    const session = introspect(await serve((_request, response) => response.writeHead(401).end()));
    const settings = { POLICY: directory, ALLOWED_ORIGINS: 'https://a.example', ...session };
    const DESK_UPSTREAM = `ws://127.0.0.1:${await freePort()}`;
    expect(await resultOf('DESK_UPSTREAM', { ...settings, DESK_UPSTREAM })).toEqual(
      failing('DESK_UPSTREAM', /nothing listens.*ECONNREFUSED/),
    );
    const upstreamCheck = 'the doors of the policy have addresses';
    expect(await resultOf(upstreamCheck, { ...settings, DESK_UPSTREAM: 'ftp://hidden' })).toMatch(
      /^✗ .*\n {4}.*policy\.yaml:2: the door \/ws\/desk: DESK_UPSTREAM must be an address.*\n {4}Correct the variable/,
    );
  });

  it('the Pusher apps of tenants', async () => {
    const port = await freePort();
    const PUSHER_APPS = JSON.stringify([
      {
        tenants: ['1'],
        app_id: '1',
        key: 'one',
        secret: 'hidden',
        host: '127.0.0.1',
        port,
        tls: false,
      },
    ]);
    expect(await resultOf('PUSHER_APPS item 1', { PUSHER_APPS })).toEqual(
      failing('PUSHER_APPS item 1', /nothing listens.*ECONNREFUSED/),
    );
  });
});
