import { execFileSync } from 'node:child_process';
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createLocalKeys,
  localKeyProblem,
  type LocalKeyDeps,
} from '../../../src/authn/jwt/local-key.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { hmacToken, testNow, testSecret, userClaims } from '../../support/tokens.ts';
import { createOnlyVerifier } from './verifier.ts';

const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

let directory: string;
let file: string;
let time: number;
let reads: boolean[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-key-'));
  file = join(directory, 'key');
  [time, reads] = [0, []];
});
afterEach(() => rm(directory, { recursive: true }));

const overlapMs = 3_600_000;
const deps: LocalKeyDeps = {
  variable: () => undefined,
  now: () => time,
  overlapMs,
  onRead: (isRead) => void reads.push(isRead),
};

/** Whether the secret in the file verifies this token. */
const verifies = async (text: string) => {
  const keys = createLocalKeys({ from: 'secret', place: { file } }, deps);
  return 'claims' in (await createOnlyVerifier({ keys, now: () => testNow }).verify(text));
};

const keysIn = (from: 'secret' | 'public key') => createLocalKeys({ from, place: { file } }, deps);

describe('a key in a file', () => {
  it('is read again after ten seconds, and is the same key while the text is the same', async () => {
    await writeFile(file, pem());
    const keys = keysIn('public key');
    const [first] = await keys.find({ alg: 'ES256' });
    time = 10_000;
    expect(await keys.find({ alg: 'ES256' })).toEqual([first]);
    await writeFile(file, pem());
    time = 19_999;
    expect((await keys.find({ alg: 'ES256' }))[0]).toBe(first);
    time = 20_000;
    const [second, previous, ...more] = await keys.find({ alg: 'ES256' });
    expect(second).not.toBe(first);
    expect([previous, more]).toEqual([first, []]);
    expect(await keys.find({ alg: 'HS256' })).toEqual([]);
  });

  it('is read as a secret of a setting: UTF-8, no pipe, at most 1 MiB, one line break at its end', async () => {
    const secret = testSecret.reveal();
    const problem = () => localKeyProblem({ from: 'secret', place: { file } }, () => undefined);
    for (const text of [secret, `${secret}\n`, `${secret}\r\n`, `\uFEFF${secret}`]) {
      await writeFile(file, text);
      expect(await verifies(hmacToken(userClaims()))).toBe(true);
    }
    await writeFile(file, `${secret}\n\n`);
    expect(await verifies(hmacToken(userClaims()))).toBe(false);
    for (const bytes of [
      Buffer.from([0xff, 0xfe, ...Buffer.alloc(64, 97)]),
      'a'.repeat(1024 * 1024 + 1),
    ]) {
      await writeFile(file, bytes);
      expect(problem()).toBe(`the file ${file} cannot be read, or is empty`);
    }
    await rm(file);
    execFileSync('mkfifo', [file]);
    expect(problem()).toBe(`the file ${file} cannot be read, or is empty`);
  });

  it('remains in use while the file cannot be read, or has no usable key', async () => {
    await writeFile(file, `${testSecret.reveal()}\n`);
    const keys = keysIn('secret');
    const [first] = await keys.find({ alg: 'HS256' });
    await writeFile(file, 'short');
    time = 10_000;
    expect((await keys.find({ alg: 'HS256' }))[0]).toBe(first);
    await rm(file);
    time = 20_000;
    expect((await keys.find({ alg: 'HS256' }))[0]).toBe(first);
    await writeFile(file, `${testSecret.reveal()}\n`);
    time = 30_000;
    expect((await keys.find({ alg: 'HS256' }))[0]).toBe(first);
    expect(reads).toEqual([true, false, false, true]);
  });

  it('verifies during the overlap after the file has a new key, and no longer', async () => {
    await writeFile(file, pem());
    const keys = keysIn('public key');
    const [first] = await keys.find({ alg: 'ES256' });
    await writeFile(file, pem());
    time = 10_000;
    const [second] = await keys.find({ alg: 'ES256' });
    // Time before the end of the overlap, at which the file has been read again.
    time = 10_000 + overlapMs - 1;
    expect(await keys.find({ alg: 'ES256' })).toEqual([second, first]);
    time += 1;
    const left = await keys.find({ alg: 'ES256' });
    expect(left).toHaveLength(1);
    expect(left[0]).toBe(second);
  });

  it('is one of at most four, however often the file changes', async () => {
    const keys = keysIn('public key');
    for (let i = 0; i < 6; i += 1) {
      await writeFile(file, pem());
      time = i * 10_000;
      await keys.find({ alg: 'ES256' });
    }
    expect(await keys.find({ alg: 'ES256' })).toHaveLength(4);
  });

  it('may be named by a variable with _FILE, like settings', async () => {
    await writeFile(file, `${testSecret.reveal()}\n`);
    const variable = (name: string) => ({ SHOP_SECRET_FILE: file, EMPTY: '' })[name];
    const keys = createLocalKeys(
      { from: 'secret', place: { env: 'SHOP_SECRET' } },
      { ...deps, variable },
    );
    const [first] = await keys.find({ alg: 'HS256' });
    await writeFile(file, 'x7Kq1Zd8Yc5-another-secret-9Rw4mT2bV');
    time = 10_000;
    expect(await keys.find({ alg: 'HS256' })).toEqual([expect.anything(), first]);
  });

  it('is unavailable until it was read, and is retried every two seconds', async () => {
    const keys = keysIn('secret');
    const outage = { cause: new Error(`the file ${file} cannot be read, or is empty`) };
    await expect(keys.find({ alg: 'HS256' })).rejects.toMatchObject(outage);
    await writeFile(file, testSecret.reveal());
    time = 1_999;
    await expect(keys.find({ alg: 'HS256' })).rejects.toMatchObject(outage);
    expect(reads).toEqual([false]);
    time = 2_000;
    expect(await keys.find({ alg: 'HS256' })).toHaveLength(1);
    expect(reads).toEqual([false, true]);
  });

  it('that was never read is read again immediately if the clock was set back', async () => {
    const keys = keysIn('secret');
    time = 60_000;
    await expect(keys.find({ alg: 'HS256' })).rejects.toBeInstanceOf(Unavailable);
    await writeFile(file, testSecret.reveal());
    time = 0;
    expect(await keys.find({ alg: 'HS256' })).toHaveLength(1);
  });
});

describe('a secret in base64', () => {
  // Libraries such as jjwt write the bytes of their key in this form: most keys are not text.
  const bytes = createHash('sha512').update('usher-tests').digest();
  const texts = [
    bytes.toString('base64'),
    bytes.toString('base64url'),
    `${bytes.toString('base64')}\n`,
  ];
  const inBase64 = {
    from: 'secret',
    place: { file: '' },
    algorithm: 'HS512',
    encoding: 'base64',
  } as const;
  const keysIn64 = () => createLocalKeys({ ...inBase64, place: { file } }, deps);
  const signed = () => {
    const input = hmacToken(userClaims(), { alg: 'HS512' }).split('.').slice(0, 2).join('.');
    return `${input}.${createHmac('sha512', bytes).update(input).digest('base64url')}`;
  };

  it.each(texts)('is its bytes: %#', async (text) => {
    await writeFile(file, text);
    const verifier = createOnlyVerifier({ keys: keysIn64(), now: () => testNow });
    expect(await verifier.verify(signed())).toHaveProperty('claims');
  });

  it.each([
    ['is not base64', 'a-secret with spaces, which is no encoding of any bytes at all'],
    ['is not base64', `${'a'.repeat(86)}=x`],
    ['is not base64', 'a'.repeat(89)],
    ['is shorter than 64 bytes', bytes.subarray(0, 63).toString('base64')],
    ['has fewer than 8 different bytes', Buffer.alloc(64).toString('base64')],
  ])('%s: refused, and its text is not the key', async (problem, text) => {
    await writeFile(file, text);
    expect(localKeyProblem({ ...inBase64, place: { file } }, () => undefined)).toBe(
      `the file ${file} ${problem}`,
    );
    await expect(keysIn64().find({ alg: 'HS512' })).rejects.toBeInstanceOf(Unavailable);
  });
});

describe('a key that cannot be used', () => {
  const variables: Readonly<Record<string, string>> = {
    SHORT: 'short',
    EMPTY: '',
    PEM: pem(),
    GONE_FILE: '/nowhere/secret',
    TWICE: 'a',
    TWICE_FILE: '/nowhere/secret',
  };
  const problemOf = (from: 'secret' | 'public key', env: string, algorithm?: string) =>
    localKeyProblem(
      { from, place: { env }, ...(algorithm !== undefined && { algorithm }) },
      (name) => variables[name],
    );

  it('is reported by name, without its value', () => {
    expect(problemOf('secret', 'NONE')).toBe('the variable NONE is not set');
    expect(problemOf('secret', 'EMPTY')).toBe('the variable EMPTY is not set');
    expect(problemOf('secret', 'SHORT')).toBe('the variable SHORT is shorter than 32 bytes');
    expect(problemOf('public key', 'SHORT')).toBe('the variable SHORT must be a public key in PEM');
    expect(problemOf('public key', 'PEM', 'RS256')).toBe('the variable PEM is a key for ES256');
    expect(problemOf('public key', 'PEM')).toBeUndefined();
    expect(problemOf('secret', 'GONE')).toBe('the file of GONE_FILE cannot be read, or is empty');
    expect(problemOf('secret', 'TWICE')).toBe('TWICE and TWICE_FILE must not both be set');
  });
});
