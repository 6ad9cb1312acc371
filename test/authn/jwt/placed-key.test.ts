import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPlacedKeys,
  placedKeyProblem,
  type PlaceDeps,
} from '../../../src/authn/jwt/placed-key.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { testSecret } from '../../support/tokens.ts';

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
const deps: PlaceDeps = {
  ...{ variable: () => undefined, now: () => time, overlapMs },
  onRead: (isRead) => void reads.push(isRead),
};

const keysIn = (from: 'secret' | 'public key') => createPlacedKeys({ from, place: { file } }, deps);

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

  it('stays in use while the file cannot be read, or has no usable key', async () => {
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

  it('still verifies for the overlap after the file has another one, and no longer', async () => {
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

  it('is one of four at most, however often the file changes', async () => {
    const keys = keysIn('public key');
    for (let i = 0; i < 6; i += 1) {
      await writeFile(file, pem());
      time = i * 10_000;
      await keys.find({ alg: 'ES256' });
    }
    expect(await keys.find({ alg: 'ES256' })).toHaveLength(4);
  });

  it('may be named by a variable with _FILE, as settings are', async () => {
    await writeFile(file, `${testSecret.reveal()}\n`);
    const variable = (name: string) => ({ SHOP_SECRET_FILE: file, EMPTY: '' })[name];
    const keys = createPlacedKeys(
      { from: 'secret', place: { env: 'SHOP_SECRET' } },
      { ...deps, variable },
    );
    const [first] = await keys.find({ alg: 'HS256' });
    await writeFile(file, 'x7Kq1Zd8Yc5-another-secret-9Rw4mT2bV');
    time = 10_000;
    expect(await keys.find({ alg: 'HS256' })).toEqual([expect.anything(), first]);
  });

  it('is an outage until it was read once, and is tried at each token', async () => {
    const keys = keysIn('secret');
    await expect(keys.find({ alg: 'HS256' })).rejects.toBeInstanceOf(Unavailable);
    await writeFile(file, testSecret.reveal());
    expect(await keys.find({ alg: 'HS256' })).toHaveLength(1);
  });
});

describe('a key that cannot be used', () => {
  const variables: Readonly<Record<string, string>> = {
    ...{ SHORT: 'short', EMPTY: '', PEM: pem() },
    ...{ GONE_FILE: '/nowhere/secret', TWICE: 'a', TWICE_FILE: '/nowhere/secret' },
  };
  const problemOf = (from: 'secret' | 'public key', env: string, algorithm?: string) =>
    placedKeyProblem(
      { from, place: { env }, ...(algorithm !== undefined && { algorithm }) },
      (name) => variables[name],
    );

  it('is named, without its value', async () => {
    expect(await problemOf('secret', 'NONE')).toBe('the variable NONE is not set');
    expect(await problemOf('secret', 'EMPTY')).toBe('the variable EMPTY is not set');
    expect(await problemOf('secret', 'SHORT')).toBe('the variable SHORT is shorter than 32 bytes');
    expect(await problemOf('public key', 'SHORT')).toBe(
      'the variable SHORT must be a public key in PEM',
    );
    expect(await problemOf('public key', 'PEM', 'RS256')).toBe(
      'the variable PEM is a key for ES256',
    );
    expect(await problemOf('public key', 'PEM')).toBeUndefined();
    expect(await problemOf('secret', 'GONE')).toBe(
      'the file of GONE_FILE cannot be read, or is empty',
    );
    expect(await problemOf('secret', 'TWICE')).toBe('TWICE and TWICE_FILE must not both be set');
  });
});
