import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { shippedDirectory } from '../../policy/policy-files.ts';
import type { AddCommand } from '../command.ts';
import { withFileErrors } from '../file-error.ts';
import { policyTemplate, testTemplate } from './templates.ts';

/** Writes a policy with a test to begin with. An existing file is never changed. */
export const addPolicyInit: AddCommand = (policy, { report }) => {
  policy
    .command('init')
    .description('write a small policy with its tests, to begin with')
    .argument('[directory]', 'where; it is created if it is missing', 'policy')
    .action(async (directory: string) => {
      const written = await writeAll(directory);
      report(
        [
          ...written.map((path) => `Written: ${path}`),
          `Test it: usher policy test ${directory}`,
          `Use it: POLICY=${directory}`,
        ].join('\n'),
      );
    });
};

type Write = (path: string) => Promise<void>;

const text =
  (content: string): Write =>
  (path) =>
    writeFile(path, content, { flag: 'wx' });

const schema =
  (name: string): Write =>
  (path) =>
    copyFile(join(shippedDirectory, name), path, constants.COPYFILE_EXCL);

/** The loader skips the hidden directory. The schemas are for editors. */
const files: readonly (readonly [path: string, write: Write])[] = [
  ['policy.yaml', text(policyTemplate)],
  ['policy.test.yaml', text(testTemplate)],
  ['.schema/policy.schema.json', schema('policy.schema.json')],
  ['.schema/policy-test.schema.json', schema('policy-test.schema.json')],
];

/** Writes all files or none. */
async function writeAll(directory: string): Promise<readonly string[]> {
  const written: string[] = [];
  try {
    for (const [name, write] of files) {
      const path = join(directory, name);
      await withFileErrors(path, 'written', async () => {
        await mkdir(dirname(path), { recursive: true });
        await write(path);
      });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    throw error;
  }
  return written;
}
