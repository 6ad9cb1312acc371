import { describe, expect, it } from 'vitest';
import type { CredentialReader } from '../../src/authn/identify.ts';
import { createSanctumReader, firstAcceptedBearer } from '../../src/authn/sanctum.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

const fault = (code: 'credential-expired' | 'credential-rejected'): CredentialReader => {
  return () => Promise.resolve({ fault: code });
};

describe('a bearer token', () => {
  it.each([
    ['a.b.c', 'credential-expired'],
    ['', 'credential-expired'],
    ['7|secret', 'credential-rejected'],
    ['7|a.b.c', 'credential-rejected'],
    ['|', 'credential-rejected'],
  ])('%j is read by one reader alone', async (text, expected) => {
    const read = firstAcceptedBearer(fault('credential-expired'), fault('credential-rejected'));
    expect(await read(text)).toEqual({ fault: expected });
  });
});

describe('a Sanctum token', () => {
  it('is neither good nor bad while the host does not answer', async () => {
    const read = createSanctumReader({
      find: () => Promise.reject(new Unavailable('host database')),
      tokenableType: 'App\\Models\\User',
      now: () => 0,
    });
    await expect(read('7|secret')).rejects.toBeInstanceOf(Unavailable);
  });
});
