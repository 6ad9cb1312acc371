import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secretOverlapMs } from '../../src/config/secret-rotation.ts';
import { reloadIntervalMs } from '../../src/jobs/reload.ts';
import { hmacToken, userClaims } from '../support/tokens.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { send, socketId } from './requests.ts';

const directory = mkdtempSync(join(tmpdir(), 'usher-secrets-'));
const put = (name: string, content: string): string => {
  writeFileSync(join(directory, `${name}.new`), content);
  renameSync(join(directory, `${name}.new`), join(directory, name));
  return join(directory, name);
};
const secretOf = (version: number) => `users-${version}-3nV8xQ2mZ7wK5tR9yB4cL6hJ1dG`;
const operatorOf = (version: number) => `operators-${version}-3nV8xQ2mZ7wK5t`;

let usher: TestUsher;
beforeAll(async () => {
  usher = await startUsher({
    OPS_TOKEN_FILE: put('ops', operatorOf(1)),
    USER_TOKEN_SECRET: '',
    USER_TOKEN_SECRET_FILE: put('users', secretOf(1)),
    PUSHER_SECRET: '',
    PUSHER_SECRET_FILE: put('pusher', 'pusher-1\n'),
  });
});
afterAll(async () => {
  await usher.stop();
  rmSync(directory, { recursive: true });
});

const signIn = async (version: number) => {
  const at = usher.clock.now / 1000;
  const claims = userClaims({ tenant_id: null, iat: at, exp: at + 3600 });
  const { status, text } = await send(usher.public, {
    path: '/broadcasting/user-auth',
    headers: { authorization: `Bearer ${hmacToken(claims, {}, secretOf(version))}` },
    body: new URLSearchParams({ socket_id: socketId }),
  });
  return { status, auth: /"auth":"([^"]+)"/.exec(text)?.[1] };
};
const operate = async (version: number) => {
  const headers = { authorization: `Bearer ${operatorOf(version)}` };
  return (await fetch(`${usher.operator}/policy`, { headers })).status;
};
const readiness = async () => (await fetch(`${usher.operator}/readyz`)).json();
const nextRead = () => {
  usher.clock.advance(reloadIntervalMs);
};

it('changed secrets are used without a restart, and the previous ones are accepted for an hour', async () => {
  const before = await signIn(1);
  expect([before.status, (await signIn(2)).status]).toEqual([200, 401]);
  put('users', secretOf(2));
  put('ops', operatorOf(2));
  put('pusher', 'pusher-2\n');
  nextRead();
  await expect.poll(async () => (await signIn(2)).status).toBe(200);
  expect((await signIn(1)).status).toBe(200);
  expect((await signIn(3)).status).toBe(401);
  // The same user and socket: only the secret of the signature differs.
  expect((await signIn(1)).auth).not.toBe(before.auth);
  expect([await operate(1), await operate(2), await operate(3)]).toEqual([200, 200, 401]);
  usher.clock.advance(secretOverlapMs);
  nextRead();
  await expect.poll(async () => (await signIn(1)).status).toBe(401);
  expect([(await signIn(2)).status, await operate(1), await operate(2)]).toEqual([200, 401, 200]);
});

it('the last valid secret remains in use while a file is invalid, which is logged', async () => {
  rmSync(join(directory, 'users'));
  nextRead();
  await expect.poll(readiness).toEqual({ status: 'ready', secrets: 'outdated' });
  expect((await signIn(2)).status).toBe(200);
  const headers = { authorization: `Bearer ${operatorOf(2)}` };
  const metrics = await (await fetch(`${usher.operator}/metrics`, { headers })).text();
  expect(metrics).toContain('usher_secret_file_failed{setting="USER_TOKEN_SECRET"} 1');
  expect(metrics).toContain('usher_secret_file_failed{setting="OPS_TOKEN"} 0');
  put('users', secretOf(2));
  nextRead();
  await expect.poll(readiness).toEqual({ status: 'ready' });
});
