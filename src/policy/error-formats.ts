import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorFormat } from './policy.ts';
import { shippedDirectory } from './policy-files.ts';
import { PolicyError } from './policy-error.ts';
import { formatProblem } from './yaml/problem.ts';
import { readErrorFormat } from './yaml/read-error-format.ts';

/** Loads the error formats that Usher ships, by name. Throws `PolicyError`. */
export async function loadErrorFormats(): Promise<ReadonlyMap<string, ErrorFormat>> {
  const directory = join(shippedDirectory, 'error-formats');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml'));
  const formats = await Promise.all(
    names.map(async (file): Promise<[string, ErrorFormat]> => {
      const name = file.replace(/\.yaml$/, '');
      const read = readErrorFormat(file, await readFile(join(directory, file)));
      if ('problems' in read) throw new PolicyError(read.problems.map(formatProblem));
      return [name, { name, ...read.document }];
    }),
  );
  return new Map(formats);
}
