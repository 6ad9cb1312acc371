import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlacedKeys, placedKeyProblem } from '../../../src/authn/jwt/placed-key.ts';
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

const keysIn = (from: 'secret' | 'public key') =>
  createPlacedKeys(
    { from, place: { file } },
    { variable: () => undefined, now: () => time, onRead: (isRead) => void reads.push(isRead) },
  );

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
    const [second] = await keys.find({ alg: 'ES256' });
    expect(second).not.toBe(first);
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

  it('is an outage until it was read once, and is tried at each token', async () => {
    const keys = keysIn('secret');
    await expect(keys.find({ alg: 'HS256' })).rejects.toBeInstanceOf(Unavailable);
    await writeFile(file, testSecret.reveal());
    expect(await keys.find({ alg: 'HS256' })).toHaveLength(1);
  });
});

describe('a key that cannot be used', () => {
  const variables: Readonly<Record<string, string>> = { SHORT: 'short', EMPTY: '', PEM: pem() };
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
  });
});
