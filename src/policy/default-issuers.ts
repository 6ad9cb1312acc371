import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PolicyError } from './policy-error.ts';
import { shippedDirectory } from './policy-files.ts';
import type { IssuerDeclaration } from './yaml/policy-document.ts';
import { formatProblem } from './yaml/problem.ts';
import { readPolicyFile } from './yaml/read-policy.ts';

/** Loads the issuer of the `GUEST_TOKEN_…` settings, for policies that do not declare it. Throws `PolicyError`. */
export async function loadDefaultIssuers(): Promise<readonly IssuerDeclaration[]> {
  const path = join(shippedDirectory, 'issuers', 'guest-token.yaml');
  const read = readPolicyFile('policies/issuers/guest-token.yaml', await readFile(path));
  if ('problems' in read) throw new PolicyError(read.problems.map(formatProblem));
  return read.document.issuers;
}
