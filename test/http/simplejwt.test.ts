import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSkipped } from '../support/skipped.ts';
import { testSeconds } from '../support/tokens.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const secret = 'django-3Rk8wZ2mXq7Tb5Ny4Vc9-usher-tests';

/** The responses of a real Django’s token views. */
interface SimpleJwtTokens {
  readonly version: string;
  readonly id: string;
  readonly access: string;
  readonly refresh: string;
  readonly sliding: string;
}

const run = async (python: string, args: readonly string[]) =>
  (await promisify(execFile)(python, ['-B', ...args])).stdout;

async function findPython(): Promise<string | undefined> {
  // Debian's package belongs to its own Python, which is not always the first one in PATH.
  for (const python of ['python3', '/usr/bin/python3']) {
    const found = await run(python, ['-c', 'import rest_framework_simplejwt']).catch(() => null);
    if (found !== null) return python;
  }
  reportSkipped('simplejwt', 'tokens of a real Django, without djangorestframework-simplejwt');
  return undefined;
}

const python = await findPython();

const policy = `version: 1
issuers:
  django:
    preset: simplejwt
    keys: { secret: { env: DJANGO_SIGNING_KEY } }
channels:
  private-inbox-{id}:
    about: the inbox of a user
    params: { id: id }
    allow:
      user: { user has the inbox: user.id == params.id }
`;

describe.skipIf(python === undefined)('tokens of a real Simple JWT', () => {
  let tokens: SimpleJwtTokens;
  let directory: string;
  let usher: TestUsher;

  beforeAll(async () => {
    const program = fileURLToPath(new URL('simplejwt-site/tokens.py', import.meta.url));
    const printed = await run(python ?? '', [program, secret, String(testSeconds)]);
    tokens = JSON.parse(printed) as SimpleJwtTokens;
    console.log(`Simple JWT ${tokens.version}`);
    directory = await mkdtemp(join(tmpdir(), 'usher-simplejwt-'));
    await writeFile(join(directory, 'policy.yaml'), policy);
    // Two secrets without an `iss` would fit the same tokens.
    const settings = { USER_TOKEN_SECRET: '', DJANGO_SIGNING_KEY: secret };
    usher = await startUsher({ POLICY: directory, ...settings });
  }, 60_000);
  afterAll(async () => {
    await usher.stop();
    await rm(directory, { recursive: true });
  });

  const enter = async (channel: string, text: string) => {
    const headers = { authorization: `Bearer ${text}`, 'x-tenant-id': '' };
    const request = userRequest({ fields: { channel_name: channel }, headers });
    return (await send(usher.public, request)).status;
  };

  it('authenticate only their user', async () => {
    expect(await enter(`private-inbox-${tokens.id}`, tokens.access)).toBe(200);
    expect(await enter('private-inbox-999', tokens.access)).toBe(403);
  });

  it('are refused if they are refresh tokens, sliding tokens, or changed', async () => {
    const inbox = `private-inbox-${tokens.id}`;
    expect(await enter(inbox, tokens.refresh)).toBe(401);
    expect(await enter(inbox, tokens.sliding)).toBe(401);
    expect(await enter(inbox, `${tokens.access.slice(0, -4)}AAAA`)).toBe(401);
  });
});
