import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { PolicyError } from '../../src/policy/policy-error.ts';
import type { Policy } from '../../src/policy/policy.ts';

/** The files of a policy by their names. */
export type PolicyFiles = Readonly<Record<string, string | Buffer>>;

/** Loads the policy of a temporary directory with these files. */
export async function loadPolicyFiles(files: PolicyFiles): Promise<Policy> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(directory, name), content);
    }
    return await loadPolicy([directory]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Loads the policy of this YAML file. */
export const loadPolicyText = (text: string): Promise<Policy> =>
  loadPolicyFiles({ 'policy.yaml': text });

/** The problems of a policy of these files, with the names of the files in place of their paths. */
export async function problemsOf(files: PolicyFiles): Promise<readonly string[]> {
  try {
    await loadPolicyFiles(files);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map((problem) => problem.replace(/\S*usher-policy-\w+\/?/g, ''));
  }
}
