import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runInProcess } from '../../support/command-line.ts';
import { hmacToken, testSeconds } from '../../support/tokens.ts';
import { startUsher, testEnvironment, userToken } from '../../support/usher.ts';

const secret = 'a secret of the hospital, 32 bytes';
const policy = `version: 1
issuers:
  hospital:
    issuer: hospital
    audience: [chat]
    keys: { secret: { env: HOSPITAL_SECRET } }
    kind: nurse
channels:
  private-news:
    about: nurses and users
    allow: { nurse: { signed in: 'true' }, user: { signed in: 'true' } }
`;

it('does not sign in a principal of a kind that cannot sign in', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'usher-doctor-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'policy.yaml'), policy);
  const settings = { POLICY: directory, HOSPITAL_SECRET: secret };
  const usher = await startUsher(settings);
  onTestFinished(() => usher.stop());
  const doctor = async (token: string) => {
    const server = { PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '9', PUSHER_TLS: 'false' };
    const env = { ...testEnvironment, ...settings, ...server };
    const args = ['--url', usher.public, '--channel', 'private-news', '--token-stdin'];
    return (await runInProcess(['doctor', ...args], env, token)).stdout;
  };
  const times = { iat: testSeconds, exp: testSeconds + 600 };
  const nurse = hmacToken({ iss: 'hospital', aud: 'chat', sub: 'N1', ...times }, {}, secret);
  const ofNurse = await doctor(nurse);
  expect(ofNurse).toContain('✓ the channel is granted\n');
  expect(ofNurse).toContain('– a user is signed in: there is no user token\n');
  expect(await doctor(userToken({ tenant_id: undefined }))).toContain(
    '– a user is signed in: there is no WebSocket to sign in\n',
  );
});
