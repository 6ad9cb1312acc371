import { describe, expect, it } from 'vitest';
import { send } from '../http/requests.ts';
import { runInProcess } from '../support/command-line.ts';
import { allowedOrigin, testEnvironment, userToken, useUsher } from '../support/usher.ts';
import { json, plain, usePolicyFile, useScriptedApplication } from './scripted-application.ts';

const host = await useScriptedApplication();
const POLICY = await usePolicyFile(`
sources:
  host: { url: { env: HOST_URL } }
channels:
  private-orders.{order}:
    ask: { laravel: { source: host, path: /broadcasting/auth, forward: [cookie, authorization] } }
  private-visits.{visit}:
    ask: { laravel: { source: host, path: /broadcasting/auth, forward: [cookie] } }
    allow: { host_visitor: {} }
`);
const settings = { POLICY, HOST_URL: host.url };
const usher = useUsher(settings);
const yes = json({ auth: 'old-key:old-signature' });

describe('POST /explain of a channel whose application decides', () => {
  const explain = async (channel: string, token: string, tenant?: string) => {
    const body = JSON.stringify({ channel, token, tenant });
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', path: '/explain', headers, body };
    return JSON.parse((await send(usher.operator, request)).text) as unknown;
  };
  const left = { application_decides: true };

  it('leaves the token of a user to the application, without a request', async () => {
    const explained = await explain('private-orders.7', userToken(), '1');
    expect(explained).toMatchObject({ ...left, principal: { kind: 'user', id: '15' } });
    expect(host.requests).toEqual([]);
  });

  it.each([
    ['private-orders.7', 'session=abc; other=1'],
    ['private-visits.7', 'session=abc'],
    // A token of Sanctum, which Usher does not read here.
    ['private-orders.7', '7|abcdef'],
  ])('leaves on %s the credential %s, which Usher cannot read', async (channel, token) => {
    const explained = await explain(channel, token);
    expect(explained).toMatchObject({ ...left, principal: { kind: 'host_visitor' } });
  });

  it.each([
    ['a token that Usher refuses', 'eyJ-not-a-token', 'credential-malformed'],
    ['a credential that is not forwarded', '7|abcdef', 'credential-not-configured'],
  ])('refuses %s', async (_name, token, code) => {
    const channel = token.startsWith('7') ? 'private-visits.7' : 'private-orders.7';
    expect(await explain(channel, token)).toMatchObject({ application_decides: false, code });
  });
});

describe('usher doctor for a channel whose application decides', () => {
  const doctor = async (args: readonly string[], input: string) => {
    const env = { ...testEnvironment, ...settings, PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '1' };
    const { stdout } = await runInProcess(
      ['doctor', '--url', usher.public, '--origin', allowedOrigin, ...args],
      { ...env, PUSHER_TLS: 'false' },
      input,
    );
    return stdout;
  };
  const cookiesOf = (channel: string) =>
    host.requests
      .filter(({ body }) => new URLSearchParams(body).get('channel_name') === channel)
      .map(({ headers }) => headers['cookie']);

  it.each(['session=abc; other=1', 'Cookie: session=abc; other=1'])(
    'sends the cookies of %s with the request',
    async (cookies) => {
      host.respondWith = yes;
      const output = await doctor(['--channel', 'private-orders.7', '--session-stdin'], cookies);
      expect(output).toContain('✓ the channel is granted\n');
      expect(cookiesOf('private-orders.7')).toEqual(['session=abc; other=1']);
    },
  );

  it('reports a visitor whom the application refuses', async () => {
    host.respondWith = plain(403, 'no');
    const output = await doctor(['--channel', 'private-visits.7', '--session-stdin'], 'session=x');
    expect(output).toContain('✗ the channel is granted\n');
  });

  it('sends the token of a user', async () => {
    host.respondWith = yes;
    const args = ['--channel', 'private-orders.7', '--tenant', '1', '--token-stdin'];
    const output = await doctor(args, userToken());
    expect(output).toContain('✓ the channel is granted\n');
  });
});
