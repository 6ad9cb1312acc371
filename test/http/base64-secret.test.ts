import { createHash, createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { runInProcess } from '../support/command-line.ts';
import { hmacToken, userClaims } from '../support/tokens.ts';
import { testEnvironment, useUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const bytes = createHash('sha512').update('usher-tests').digest();
const settings = {
  USER_TOKEN_SECRET: bytes.toString('base64'),
  USER_TOKEN_SECRET_ENCODING: 'base64',
  USER_TOKEN_ALGORITHM: 'HS512',
};
const usher = useUsher(settings);

const statusOf = async (token: string) => {
  const headers = { authorization: `Bearer ${token}` };
  return (await send(usher.public, userRequest({ headers }))).status;
};

/** A token as an application signs it whose library decodes the secret. */
function signedBy(key: Buffer | string, token = hmacToken(userClaims(), { alg: 'HS512' })): string {
  const [input] = /^[^.]+\.[^.]+/.exec(token) ?? [''];
  return `${input}.${createHmac('sha512', key).update(input).digest('base64url')}`;
}

it('a secret in base64 is its bytes, not its text', async () => {
  expect(await statusOf(signedBy(bytes))).toBe(200);
  expect(await statusOf(signedBy(settings.USER_TOKEN_SECRET))).toBe(401);
});

it('mint-token signs with the bytes', async () => {
  const args = ['mint-token', 'user', '--sub', '15', '--tenant', '1'];
  const { stdout } = await runInProcess(args, { ...testEnvironment, ...settings });
  expect(signedBy(bytes, stdout.trim())).toBe(stdout.trim());
});
