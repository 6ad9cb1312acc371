import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PolicyError } from './policy-error.ts';
import { shippedDirectory } from './policy-files.ts';
import type { IssuerDeclaration } from './yaml/policy-document.ts';
import { formatProblem } from './yaml/problem.ts';
import { readPolicyFile } from './yaml/read-policy.ts';

/** The issuers of the `…_TOKEN_…` settings. */
const files = ['guest-token.yaml', 'user-token.yaml'];

/** Loads the issuers of settings, for policies that do not declare them. Throws `PolicyError`. */
export async function loadDefaultIssuers(): Promise<readonly IssuerDeclaration[]> {
  const read = await Promise.all(files.map(readIssuers));
  return read.flat();
}

async function readIssuers(name: string): Promise<readonly IssuerDeclaration[]> {
  const content = await readFile(join(shippedDirectory, 'issuers', name));
  const read = readPolicyFile(`policies/issuers/${name}`, content);
  if ('problems' in read) throw new PolicyError(read.problems.map(formatProblem));
  return read.document.issuers;
}
