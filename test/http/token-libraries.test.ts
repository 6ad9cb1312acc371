import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { testSeconds, type JsonObject } from '../support/tokens.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const page = readFileSync(new URL('../../docs/issuers.md', import.meta.url), 'utf8');
const secret = 'library-7Hn2kQ9wLx4Rt6Ys1Vb8-usher-tests-of-64-bytes-at-the-least-and-more';

/** The fields in the table of `docs/issuers.md`. */
const fieldsOf = (library: string) => {
  const [, fields = ''] = new RegExp(`^\\| ${library}.*?\\| \`(.*?)\``, 'm').exec(page) ?? [];
  return parse(fields) as { keys: { secret: { env: string } } };
};

const times = { iat: testSeconds, nbf: testSeconds, exp: testSeconds + 600, jti: 'b1f2' };
const libraries = [
  {
    library: 'Flask-JWT-Extended',
    claims: { ...times, sub: '15', type: 'access', fresh: false, csrf: 'c4' },
    refused: { type: 'refresh' },
  },
  {
    library: 'Guardian',
    alg: 'HS512',
    claims: { ...times, iss: 'shop', aud: 'shop', sub: '15', typ: 'access' },
    refused: { typ: 'refresh' },
  },
  {
    library: 'devise-jwt',
    claims: { ...times, sub: '15', scp: 'user', aud: null },
    refused: { scp: 'admin' },
  },
];

describe.each(libraries)('a token of $library', ({ library, alg = 'HS256', claims, refused }) => {
  const fields = fieldsOf(library);
  let directory: string;
  let usher: TestUsher;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-library-'));
    const channel = { about: 'every user', allow: { user: { 'user is 15': "user.id == '15'" } } };
    const issuers = { library: { kind: 'user', ...fields } };
    const policy = { version: 1, issuers, channels: { 'private-news': channel } };
    await writeFile(join(directory, 'policy.yaml'), stringify(policy));
    const settings = { POLICY: directory, USER_TOKEN_SECRET: '' };
    usher = await startUsher({ ...settings, [fields.keys.secret.env]: secret });
  });
  afterAll(async () => {
    await usher.stop();
    await rm(directory, { recursive: true });
  });

  it.each<[number, JsonObject]>([
    [200, {}],
    [401, refused],
  ])('is answered with %i if its claims are changed to %j', async (status, changes) => {
    const payload = JSON.stringify({ ...claims, ...changes });
    const token = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg })
      .sign(Buffer.from(secret));
    const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': '' };
    const request = userRequest({ fields: { channel_name: 'private-news' }, headers });
    expect((await send(usher.public, request)).status).toBe(status);
  });
});
