import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { Argument, Option } from 'commander';
import { shippedDirectory } from '../../policy/policy-files.ts';
import { UsageError, type AddCommand, type CommandResult } from '../command.ts';
import { withFileErrors } from '../file-error.ts';
import { countOf } from '../format.ts';
import { policyOfLaravel } from './laravel/policy-text.ts';
import { policyTemplate, testTemplate } from './templates.ts';

/** Writes a policy to begin with. An existing file is never changed. */
export const addPolicyInit: AddCommand = (policy, { report }) => {
  policy
    .command('init')
    .description('write a new policy: a small one with its tests, or one for your channels')
    .usage('[directory]\n       usher policy init --from laravel <routes/channels.php> [directory]')
    .addArgument(
      new Argument('[paths...]', 'where; it is created if it is missing').default([], 'policy'),
    )
    .addOption(
      new Option(
        '--from <application>',
        'write a policy for the channels of this file, about which Laravel still decides; the file is not run',
      ).choices(['laravel']),
    )
    .action(async (paths: readonly string[], { from }: { readonly from?: 'laravel' }) => {
      if (paths.length > (from === undefined ? 1 : 2))
        throw new UsageError('There are too many paths.');
      report(await (from === undefined ? begin(paths) : beginFromLaravel(paths)));
    });
};

async function begin([directory = defaultDirectory]: readonly string[]): Promise<CommandResult> {
  const written = await writeAll(directory, files);
  const printed = [
    ...written.map((path) => `Written: ${path}`),
    `Test it: usher policy test ${directory}`,
    `Use it: POLICY=${directory}`,
  ].join('\n');
  return { printed, passed: true };
}

/** Calls that cannot be read become comments of the policy, and are printed. Then the exit code is 1. */
async function beginFromLaravel([
  file,
  directory = defaultDirectory,
]: readonly string[]): Promise<CommandResult> {
  if (file === undefined)
    throw new UsageError('--from laravel needs the path of routes/channels.php.');
  const php = await withFileErrors(file, 'read', () => readFile(file, 'utf8'));
  const { text: policy, channels, unread } = policyOfLaravel(php, file);
  const written = await writeAll(directory, [['policy.yaml', text(policy)], policySchema]);
  const printed = [
    ...written.map((path) => `Written: ${path}`),
    `It has ${countOf(channels, 'channel')} of ${file}.`,
    ...unread.map(({ line, reason }) => `${file}:${line}: not in the policy: ${reason}`),
    `Check it: usher policy check ${directory}`,
    `Use it: POLICY=${directory} HOST_URL=…, the address of the application`,
  ].join('\n');
  return { printed, passed: unread.length === 0 };
}

const defaultDirectory = 'policy';

type Write = (path: string) => Promise<void>;

const text =
  (content: string): Write =>
  (path) =>
    writeFile(path, content, { flag: 'wx' });

const schema =
  (name: string): Write =>
  (path) =>
    copyFile(join(shippedDirectory, name), path, constants.COPYFILE_EXCL);

type NewFile = readonly [path: string, write: Write];

/** The loader skips the hidden directory. The schemas are for editors. */
const policySchema: NewFile = ['.schema/policy.schema.json', schema('policy.schema.json')];

const files: readonly NewFile[] = [
  ['policy.yaml', text(policyTemplate)],
  ['policy.test.yaml', text(testTemplate)],
  policySchema,
  ['.schema/policy-test.schema.json', schema('policy-test.schema.json')],
];

/** Writes all files or none. */
async function writeAll(
  directory: string,
  newFiles: readonly NewFile[],
): Promise<readonly string[]> {
  const written: string[] = [];
  try {
    for (const [name, write] of newFiles) {
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
