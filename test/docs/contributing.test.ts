import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelRegistry } from '../../src/policy/channel-registry.ts';
import type { Escrow } from '../../src/policy/facts.ts';
import { authorizing, question, verdict, writtenDeps } from '../authorize/authorizing.ts';
import { escrow, user } from '../policy/channels/principals.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The walk-through's own text. */
const page = await readFile(join(project, 'CONTRIBUTING.md'), 'utf8');
const [, diff = ''] = /^```diff\n(.*?)^```$/ms.exec(page) ?? [];
const family = 'src/policy/channels/delivery.ts';

/** A checkout comes from git, but an archive of the sources may be tested where there is none. */
const isGitThere = spawnSync('git', ['--version']).status === 0;

let copy: string;

async function applyWalkThrough(): Promise<void> {
  copy = await mkdtemp(join(tmpdir(), 'usher-contributing-'));
  // No repository around it: there, git would take these paths for another's and apply nothing.
  const env = { PATH: process.env['PATH'], GIT_CEILING_DIRECTORIES: tmpdir() };
  const git = (...args: readonly string[]) => run('git', args, { cwd: copy, env });
  for (const part of ['src/policy', 'test/policy/channels', 'package.json']) {
    await cp(join(project, part), join(copy, part), { recursive: true });
  }
  await symlink(join(project, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'walk-through.diff');
  await writeFile(file, diff);
  // Whoever tries the walk-through in a checkout and runs the tests then has applied it already.
  const applied = await git('apply', '--reverse', '--check', file).catch(() => false);
  if (applied === false) await git('apply', '--whitespace=error-all', file);
}

const { compilerOptions } = JSON.parse(await readFile(join(project, 'tsconfig.json'), 'utf8')) as {
  readonly compilerOptions: object;
};
const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, project);

/** What the compiler says of these files of the copy, and of what they import. */
function faultsOf(files: readonly string[]): readonly string[] {
  const program = ts.createProgram(
    files.map((file) => join(copy, file)),
    { ...options, noEmit: true, typeRoots: [join(project, 'node_modules/@types')] },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe.skipIf(!isGitThere)('adding a channel as CONTRIBUTING.md says', () => {
  beforeAll(applyWalkThrough);
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it('is less than 40 lines, with the truth table', () => {
    const changed = diff.split('\n').filter((line) => /^[+-](?!-- |\+\+ )/.test(line));
    expect(changed.length).toBeGreaterThan(20);
    expect(changed.length).toBeLessThan(40);
    expect(diff).toContain('+++ b/test/policy/channels/');
  });

  it('compiles; with a misspelt parameter it would not', async () => {
    expect(
      faultsOf(['src/policy/channels/index.ts', 'test/policy/channels/delivery.test.ts']),
    ).toEqual([]);
    const text = await readFile(join(copy, family), 'utf8');
    await writeFile(
      join(copy, 'src/policy/channels/misspelt.ts'),
      text.replace('{escrowId}', '{escrow}'),
    );
    expect(faultsOf(['src/policy/channels/misspelt.ts']).join('\n')).toMatch(/\bescrow\b/);
  });

  it('passes its truth table', async () => {
    const vitest = join(project, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--root', copy, 'delivery', '--reporter=json'];
    const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'] } });
    expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 4, numTotalTests: 4 });
  });

  it('lets in whom it says, and nobody else', async () => {
    const { channelRegistry } = (await import(join(copy, 'src/policy/channels/index.ts'))) as {
      readonly channelRegistry: ChannelRegistry;
    };
    const ask = async (
      fact: Escrow | undefined,
      { roles = [], tenant = '1' }: { roles?: string[]; tenant?: string } = {},
    ) => {
      const { authorizeChannel } = authorizing({
        channels: channelRegistry,
        identify: () => Promise.resolve({ principal: user('15', { roles, tenantId: tenant }) }),
        find: { ...writtenDeps().deps.find, escrow: () => Promise.resolve(fact) },
      });
      const asked = {
        channelName: 'private-tenant.1.delivery.42',
        constraints: { tenantIds: [tenant] },
      };
      return verdict(await authorizeChannel(question(asked)));
    };
    const ofOthers = escrow({ buyerId: '17' });
    expect(await ask(escrow())).toBe('grant');
    expect(await ask(ofOthers, { roles: ['courier'] })).toBe('grant');
    expect(await ask(ofOthers, { roles: ['courier'], tenant: '2' })).toBe('tenant-mismatch');
    expect(await ask(ofOthers)).toBe('not-allowed');
    expect(await ask(undefined, { roles: ['courier'] })).toBe('fact-missing');
  });

  it('is written as the house writes', async () => {
    const prettier = join(project, 'node_modules/prettier/bin/prettier.cjs');
    const files = [family, 'src/policy/channels/index.ts', 'test/policy/channels/delivery.test.ts'];
    const rules = ['--config', join(project, '.prettierrc.json')];
    await run(process.execPath, [prettier, '--check', ...rules, ...files], { cwd: copy });
  });
});
