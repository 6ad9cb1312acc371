import { describe, expect, it } from 'vitest';
import type { CredentialReader } from '../../src/authn/credential.ts';
import { createSanctumReader, firstAcceptedBearer } from '../../src/authn/sanctum.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

const fault = (code: 'credential-expired' | 'credential-rejected'): CredentialReader => {
  return () => Promise.resolve({ fault: code, detail: 'as the test wants' });
};

describe('a bearer token', () => {
  it.each([
    ['a.b.c', 'credential-expired'],
    ['eyJ.eyJ.sig', 'credential-expired'],
    ['a.b.c.d.e', 'credential-expired'],
    ['', 'credential-rejected'],
    ['secret', 'credential-rejected'],
    ['a.b', 'credential-rejected'],
    ['7|secret', 'credential-rejected'],
    ['7|a.b.c', 'credential-rejected'],
    ['|', 'credential-rejected'],
  ])('%j is read by one reader only', async (text, expected) => {
    const read = firstAcceptedBearer(fault('credential-expired'), fault('credential-rejected'));
    expect(await read(text)).toHaveProperty('fault', expected);
  });
});

describe('a Sanctum token', () => {
  const pending = () => Promise.reject(new Unavailable('host database'));
  it('is neither valid nor invalid while the application does not respond', async () => {
    const read = createSanctumReader({
      tokens: { byId: pending, byHash: pending },
      tokenableType: 'App\\Models\\User',
      now: () => 0,
    });
    await expect(read('7|secret')).rejects.toBeInstanceOf(Unavailable);
    await expect(read('secret')).rejects.toBeInstanceOf(Unavailable);
  });
});
