import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../../support/command-line.ts';
import { hmacToken, testNow, testSeconds } from '../../support/tokens.ts';
import { openClient, startUpstream, type TestUpstream } from '../../support/web-socket.ts';
import { startUsher, testEnvironment, type TestUsher } from '../../support/usher.ts';
import { send, userRequest } from '../requests.ts';

const secret = 'a secret of the hospital, 32 bytes';
const policy = `version: 1
issuers:
  hospital:
    issuer: hospital
    audience: [chat]
    keys: { secret: { env: HOSPITAL_SECRET } }
    kind: nurse
    attributes: { ward: { claim: ward, type: string } }
    revocations: { ward: { ward: ward } }
  devices:
    issuer: devices
    audience: [chat]
    keys: { secret: { env: HOSPITAL_SECRET } }
    kind: device
    id: [ward, bed]
    attributes: { ward: { claim: ward, type: string }, bed: { claim: bed, type: string } }
channels:
  private-news:
    about: nurses and devices of a ward
    allow:
      nurse: { nurse has a ward: nurse.ward != '' }
      device: { device has a ward: device.ward != '' }
doors:
  /ws/news/: { channel: private-news, upstream: { env: NEWS_WS } }
`;

describe('a principal of a kind of the policy', () => {
  let directory: string;
  let usher: TestUsher;
  let upstream: TestUpstream;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-revocations-'));
    await writeFile(join(directory, 'policy.yaml'), policy);
    upstream = await startUpstream();
    usher = await startUsher({
      POLICY: directory,
      HOSPITAL_SECRET: secret,
      NEWS_WS: upstream.url,
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: 'http://127.0.0.1:9999/me',
    });
  });
  afterAll(async () => {
    await usher.stop();
    await upstream.stop();
    await rm(directory, { recursive: true });
  });

  const bearer = (claims: object) => {
    const times = { iat: testSeconds, exp: testSeconds + 600 };
    const token = hmacToken({ iss: 'hospital', aud: 'chat', ...times, ...claims }, {}, secret);
    return { authorization: `Bearer ${token}` };
  };
  const enter = async (claims: object) => {
    const headers = { ...bearer(claims), 'x-tenant-id': '' };
    const request = userRequest({ headers, fields: { channel_name: 'private-news' } });
    return (await send(usher.public, request)).status;
  };
  const revoke = async (subject: object) => {
    const body = JSON.stringify({ ...subject, issued_before: new Date(testNow + 1).toISOString() });
    const headers = { 'content-type': 'application/json' };
    return send(usher.operator, { path: '/revocations', headers, body });
  };
  const statusOf = async (subject: object) => (await revoke(subject)).status;

  it('is revoked by its id, and by the subject that the policy declares', async () => {
    const [ada, ben] = ['N1', 'N2'].map((sub) => ({ sub, ward: 'icu' }));
    expect(await statusOf({ nurse_id: 'N1' })).toBe(200);
    expect([await enter(ada ?? {}), await enter(ben ?? {})]).toEqual([401, 200]);
    expect(await enter({ ...ada, iat: testSeconds + 1 })).toBe(200);
    expect(await statusOf({ ward: 'icu' })).toBe(200);
    expect([await enter(ben ?? {}), await enter({ sub: 'N2', ward: 'er' })]).toEqual([401, 200]);
    expect(await statusOf({ nurse_id: 'N1', ward: 'icu' })).toBe(400);
  });

  it('is revoked by an id of several attributes, as the audit log has it', async () => {
    const [one, two] = ['1', '2'].map((bed) => ({ iss: 'devices', ward: 'icu', bed }));
    expect(await statusOf({ device_id: 'icu/1' })).toBe(200);
    expect([await enter(one ?? {}), await enter(two ?? {})]).toEqual([401, 200]);
  });

  it('loses its WebSockets, and the response has their number', async () => {
    const headers = bearer({ sub: 'N8', ward: 'er' });
    const client = await openClient(usher.public, '/ws/news/', { headers });
    const { body } = await revoke({ nurse_id: 'N8' });
    expect((await client.closed).code).toBe(4003);
    expect(body).toMatchObject({
      effects: [
        { effect: 'new-authorizations-refused' },
        { effect: 'websockets-closed', connections: 1 },
        { effect: 'pusher-connections-stay' },
      ],
    });
  });

  it('has an option of `usher revoke` with the name of its kind', async () => {
    const { port } = new URL(usher.operator);
    const env = { ...testEnvironment, OPS_PORT: port, POLICY: directory, HOSPITAL_SECRET: secret };
    const time = new Date(testNow + 1).toISOString();
    const { code, stdout } = await runInProcess(
      ['revoke', '--nurse', 'N7', '--issued-before', time],
      env,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('New authorizations are refused')]);
    expect(await enter({ sub: 'N7', ward: 'er' })).toBe(401);
  });
});
