import { expect } from 'vitest';
import type { CredentialFault } from '../../src/authn/credential.ts';

/** Matches a refused credential, whatever its detail. */
export function refused(fault: CredentialFault): unknown {
  return expect.objectContaining({ fault });
}
