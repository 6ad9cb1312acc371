import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerStyle } from './policy.ts';
import { shippedDirectory } from './policy-files.ts';
import { PolicyError } from './policy-error.ts';
import { formatProblem } from './yaml/problem.ts';
import { readAnswersFile } from './yaml/read-answers.ts';
import type { IssuerDeclaration } from './yaml/policy-document.ts';
import { readPolicyFile } from './yaml/read-policy.ts';

/** Loads the answer styles that Usher ships, by name. Throws `PolicyError`. */
export async function loadAnswerStyles(): Promise<ReadonlyMap<string, AnswerStyle>> {
  const directory = join(shippedDirectory, 'answers');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml'));
  const styles = await Promise.all(
    names.map(async (file): Promise<[string, AnswerStyle]> => {
      const name = file.replace(/\.yaml$/, '');
      const read = readAnswersFile(file, await readFile(join(directory, file)));
      if ('problems' in read) throw new PolicyError(read.problems.map(formatProblem));
      return [name, { name, ...read.document }];
    }),
  );
  return new Map(styles);
}

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
